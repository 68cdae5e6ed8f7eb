# One step of the package tests; see CMakeLists.txt here. Fails by FATAL_ERROR.
cmake_minimum_required(VERSION 3.25)

set(outside ${CMAKE_CURRENT_LIST_DIR}/outside)
set(prefix ${work}/${kind}/prefix)
set(folder ${work}/${kind}/${step})
set(shared_build ${work}/shared/add_subdirectory)

function(must_run what)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE said
        ERROR_VARIABLE said ECHO_OUTPUT_VARIABLE ECHO_ERROR_VARIABLE)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "${what} failed (${status})")
    endif()
    set(said "${said}" PARENT_SCOPE)
endfunction()

function(configure)
    must_run("configuring the outside project" ${CMAKE_COMMAND} -S ${outside} -B ${folder} -G Ninja
        -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_CXX_COMPILER_LAUNCHER=${launcher}
        -D NET=${net} -D CMAKE_BUILD_TYPE=${build_type} "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=${flags}" ${ARGN})
endfunction()

function(must_say_version what)
    if(NOT said MATCHES "outside: ${what} ${version} works")
        message(FATAL_ERROR "the outside program did not say that ${what} ${version} works")
    endif()
endfunction()

function(build_and_run)
    must_run("building the outside project" ${CMAKE_COMMAND} --build ${folder})
    must_run("the outside program" ${folder}/outside)
    must_say_version(twill)
    if(net)
        must_run("the outside program with twill::net" ${folder}/outside_net)
        must_say_version(twill_net)
    endif()
endfunction()

# The outside project's own tests, which twill_check_test has registered.
function(must_check_schedules)
    must_run("the check of a program that is right"
        ${CMAKE_CTEST_COMMAND} --test-dir ${folder} -R ^keeps$ --output-on-failure --no-tests=error)
    execute_process(COMMAND ${CMAKE_CTEST_COMMAND} --test-dir ${folder} -R ^loses$
        --output-on-failure --no-tests=error
        RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said ECHO_OUTPUT_VARIABLE)
    if(status EQUAL 0 OR NOT said MATCHES "money is lost" OR NOT said MATCHES "The interleaving")
        message(FATAL_ERROR "twill_check_test did not find that money is lost")
    endif()
    if(NOT EXISTS ${folder}/loses.replay)
        message(FATAL_ERROR "twill_check_test left no schedule")
    endif()
endfunction()

if(step STREQUAL "install")
    file(REMOVE_RECURSE ${prefix} ${prefix}-before)
    set(from ${build})
    if(kind STREQUAL "shared")
        set(from ${shared_build}/twill)
    endif()
    # Moved after it was installed: nothing in it may name the place where it was first.
    must_run("installing" ${CMAKE_COMMAND} --install ${from} --prefix ${prefix}-before)
    file(RENAME ${prefix}-before ${prefix})
    file(GLOB_RECURSE texts ${prefix}/*.cmake ${prefix}/*.pc)
    foreach(text IN LISTS texts)
        file(READ ${text} content)
        string(FIND "${content}" "${source}/" place)
        if(NOT place EQUAL -1)
            message(FATAL_ERROR "${text} names the source tree ${source}")
        endif()
    endforeach()
    # What docs/async.md says is there for gdb.
    set(script ${prefix}/share/twill/gdb/twill.py)
    if(NOT EXISTS ${script})
        message(FATAL_ERROR "the script for gdb was not installed: there is no ${script}")
    endif()
    must_run("comparing the script for gdb" ${CMAKE_COMMAND} -E compare_files
        ${script} ${source}/share/gdb/twill.py)
    # What docs/map.md says is there for workers, shells and readers.
    set(wanted share/twill/worker/twill_worker.h share/twill/worker/lines.sh)
    if(EXISTS ${prefix}/bin/twill)
        list(APPEND wanted share/man/man1/twill.1 share/man/man1/twill-map.1
            share/man/man1/twill-check.1 share/zsh/site-functions/_twill
            share/bash-completion/completions/twill)
    endif()
    foreach(file IN LISTS wanted)
        if(NOT EXISTS ${prefix}/${file})
            message(FATAL_ERROR "there is no ${prefix}/${file}")
        endif()
    endforeach()
elseif(step STREQUAL "find_package")
    configure(-D USE=find_package -D twill_DIR= -D CMAKE_PREFIX_PATH=${prefix}
        -D CHECK=ON)
    build_and_run()
    must_check_schedules()
elseif(step STREQUAL "refuses_other_version")
    execute_process(COMMAND ${CMAKE_COMMAND} -S ${outside} -B ${folder} -G Ninja --fresh
        -D CMAKE_CXX_COMPILER=${compiler} -D USE=find_package -D WANTED=99.0
        -D CMAKE_PREFIX_PATH=${prefix} RESULT_VARIABLE status ERROR_VARIABLE said)
    if(status EQUAL 0 OR NOT said MATCHES "compatible[ \n]+with requested version \"99.0\"")
        message(FATAL_ERROR "twill ${version} was taken for version 99.0:\n${said}")
    endif()
elseif(step STREQUAL "add_subdirectory")
    # Not optimised: it is the whole library once more.
    set(build_type "")
    set(use -D USE=add_subdirectory -D TWILL_SOURCE=${source} -D BUILD_SHARED_LIBS=ON)
    # What a part of another project is not asked for.
    set(as_a_part ${folder})
    set(folder ${as_a_part}_configured)
    configure(${use})
    foreach(unwanted IN ITEMS tests examples tools bench)
        if(EXISTS ${folder}/twill/${unwanted})
            message(FATAL_ERROR "twill as a part of another project builds its ${unwanted}")
        endif()
    endforeach()
    set(folder ${as_a_part})
    configure(${use} -D TWILL_INSTALL=ON -D TWILL_BUILD_TOOLS=ON -D CHECK=ON)
    build_and_run()
    must_check_schedules()
elseif(step STREQUAL "pkg_config")
    file(MAKE_DIRECTORY ${folder})
    set(ENV{PKG_CONFIG_PATH} ${prefix}/${library_folder}/pkgconfig)
    function(compile_and_run package source)
        must_run("pkg-config" pkg-config --cflags --libs ${package})
        string(STRIP "${said}" options)
        separate_arguments(options UNIX_COMMAND "${options}")
        must_run("compiling by pkg-config" ${compiler} ${outside}/${source} -o ${folder}/${package}
            ${options} -Wl,-rpath,${prefix}/${library_folder})
        must_run("the outside program" ${folder}/${package})
        must_say_version(${package})
    endfunction()
    compile_and_run(twill main.cpp)
    if(net)
        compile_and_run(twill_net net.cpp)
    endif()
else()
    message(FATAL_ERROR "no such step: ${step}")
endif()
