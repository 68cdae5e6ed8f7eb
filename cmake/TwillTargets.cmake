# What all of twill's own targets have in common.

# Warnings for `target` only: a program that uses twill chooses its own.
function(twill_own_target target)
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wshadow -Wconversion $<$<BOOL:${TWILL_WERROR}>:-Werror>)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()

# A program of twill's own in <build>/<folder>/<name>.
function(twill_program target folder)
    add_executable(${target} ${ARGN})
    target_link_libraries(${target} PRIVATE twill::twill)
    set_target_properties(${target} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder})
    twill_own_target(${target})
endfunction()

# Sets <name>_FOUND if lib<name> and its header are there. For libraries without a CMake package, as
# those of Debian are.
function(twill_find_library name header)
    string(TOUPPER TWILL_${name} variable)
    find_path(${variable}_INCLUDE ${header})
    find_library(${variable}_LIBRARY ${name})
    mark_as_advanced(${variable}_INCLUDE ${variable}_LIBRARY)
    if(${variable}_INCLUDE AND ${variable}_LIBRARY)
        set(${name}_FOUND TRUE PARENT_SCOPE)
    endif()
endfunction()

# The names of the folders directly under the current one.
function(twill_folders result)
    file(GLOB entries CONFIGURE_DEPENDS LIST_DIRECTORIES true
        RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/*)
    set(folders)
    foreach(entry IN LISTS entries)
        if(IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/${entry})
            list(APPEND folders ${entry})
        endif()
    endforeach()
    set(${result} ${folders} PARENT_SCOPE)
endfunction()
