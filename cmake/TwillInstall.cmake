# cmake --install: headers, library, twillConfig.cmake, twill.pc and the twill command.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/twill)

install(TARGETS twill EXPORT twillTargets)
if(TARGET twill_net)
    # It finds libtwill.so beside itself, wherever they are moved: a program that was linked to it
    # alone does not tell the loader where its libraries' libraries are.
    set_target_properties(twill_net PROPERTIES INSTALL_RPATH "$ORIGIN")
    install(TARGETS twill_net EXPORT twillNetTargets)
    install(EXPORT twillNetTargets NAMESPACE twill:: DESTINATION ${package_folder})
    install(DIRECTORY include/twill TYPE INCLUDE FILES_MATCHING PATTERN "*.hpp")
else()
    install(DIRECTORY include/twill TYPE INCLUDE FILES_MATCHING PATTERN "*.hpp"
        PATTERN twill/net EXCLUDE)
endif()
install(EXPORT twillTargets NAMESPACE twill:: DESTINATION ${package_folder})

configure_package_config_file(cmake/twillConfig.cmake.in twillConfig.cmake
    INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
# 0.x: only the very minor version that was asked for will do.
write_basic_package_version_file(twillConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    ${PROJECT_BINARY_DIR}/twillConfig.cmake
    ${PROJECT_BINARY_DIR}/twillConfigVersion.cmake
    cmake/TwillProbes.cmake
    cmake/TwillCheck.cmake
    DESTINATION ${package_folder})
install(DIRECTORY cmake/probes DESTINATION ${package_folder})

# pkg-config: paths relative to the file, so that the tree can be moved. A static library hands its
# own needs to the program; a shared one brings them along.
file(RELATIVE_PATH pc_to_prefix
    /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
set(pc_cflags "")
set(pc_libs "")
set(pc_libs_private "")
set(pc_requires "")
if(BUILD_SHARED_LIBS)
    set(pc_cflags " -DTWILL_SHARED")
    set(pc_libs_private "-pthread")
else()
    set(pc_libs " -pthread")
    if(hwy_FOUND)
        set(pc_requires "libhwy-contrib libhwy")
    endif()
    if(uring_FOUND)
        string(APPEND pc_requires " liburing")
    endif()
    if(cares_FOUND)
        string(APPEND pc_requires " libcares")
    endif()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    string(APPEND pc_cflags " -foptimize-sibling-calls")
endif()
configure_file(cmake/twill.pc.in twill.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/twill.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(TARGET twill_net)
    set(pc_requires "")
    if(NOT BUILD_SHARED_LIBS)
        set(pc_requires ", libssl >= 3, libcrypto >= 3")
    endif()
    configure_file(cmake/twill_net.pc.in twill_net.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/twill_net.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()

if(TARGET twill_command)
    install(TARGETS twill_command)
    if(TARGET twill_check)
        install(TARGETS twill_check twill_check_for_clang LIBRARY DESTINATION ${TWILL_CHECK_FOLDER})
    endif()
endif()
# For gdb -x: the tasks of a program.
install(FILES share/gdb/twill.py DESTINATION ${CMAKE_INSTALL_DATADIR}/twill/gdb)
# For workers of twill map: a header for C, and examples.
install(DIRECTORY share/worker DESTINATION ${CMAKE_INSTALL_DATADIR}/twill USE_SOURCE_PERMISSIONS)
if(TARGET twill_command)
    install(FILES share/completions/twill.bash RENAME twill
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    install(FILES share/completions/_twill DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
    install(DIRECTORY share/man/ TYPE MAN)
endif()
install(FILES LICENSE TYPE DOC)
