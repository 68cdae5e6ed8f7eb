# Configures the project with `compiler` and the options after --; what that says must match.
cmake_minimum_required(VERSION 3.25)

set(options)
set(are_options NO)
foreach(number RANGE ${CMAKE_ARGC})
    if(are_options)
        list(APPEND options ${CMAKE_ARGV${number}})
    elseif("${CMAKE_ARGV${number}}" STREQUAL "--")
        set(are_options YES)
    endif()
endforeach()

execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${project} -B ${work} --fresh -G Ninja
        -D CMAKE_CXX_COMPILER=${compiler} ${options}
    OUTPUT_VARIABLE said ERROR_VARIABLE said)
# CMake wraps its messages.
string(REGEX REPLACE "[ \n]+" " " said "${said}")
if(NOT said MATCHES "${pattern}")
    message(FATAL_ERROR "expected: ${pattern}\ngot: ${said}")
endif()
