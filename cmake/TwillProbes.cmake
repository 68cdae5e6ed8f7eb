# Refuses compilers that break coroutines.
#
# Some compilers destroy what a `co_await` expression holds twice, or too early: a harmless line of
# a user's program then corrupts memory, and no library can prevent it. So the programs of
# cmake/probes/ are built and run here, with the flags of this build; what they find is remembered
# until the compiler or its flags change.
#
# When cross-compiling, the probes cannot run: -DTWILL_SKIP_PROBES=ON then goes on without.

option(TWILL_SKIP_PROBES "Do not probe the compiler (only for cross-compiling)" OFF)

set(TWILL_PROBES  # name:what a compiler that fails it does
    "lambda_capture:destroys twice, or too early, what a lambda captured when the lambda is an argument of what is awaited"
    "aggregate_argument:destroys an aggregate twice when it is an argument of what is awaited"
    "braced_list:rejects a braced list in an argument of what is awaited"
    "immovable_awaitable:rejects an awaitable that cannot be moved and is its own awaiter")

# Sets `result` to the reason why the compiler fails the probe, or to "".
function(twill_run_probe name defect result)
    set(folder ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/probes)
    unset(TWILL_PROBE_RAN CACHE)
    try_run(TWILL_PROBE_RAN TWILL_PROBE_COMPILED
        ${CMAKE_CURRENT_BINARY_DIR}/probes/${name} ${folder}/${name}.cpp
        CMAKE_FLAGS -DINCLUDE_DIRECTORIES=${folder}
        CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON
        COMPILE_OUTPUT_VARIABLE compiler_says
        RUN_OUTPUT_VARIABLE probe_says)
    set(reason "")
    if(NOT TWILL_PROBE_COMPILED)
        string(REGEX MATCH "[^\n]*error[^\n]*" first_error "${compiler_says}")
        set(reason "${defect} (${name}: ${first_error})")
    elseif(NOT TWILL_PROBE_RAN STREQUAL "0")
        string(STRIP "${probe_says}" probe_says)
        string(REGEX MATCH "^[^\n]*" first_line "${probe_says}")
        set(reason "${defect} (${name}: ended with ${TWILL_PROBE_RAN}; ${first_line})")
    endif()
    unset(TWILL_PROBE_RAN CACHE)
    unset(TWILL_PROBE_COMPILED CACHE)
    set(${result} "${reason}" PARENT_SCOPE)
endfunction()

# Sets `refusal` to what to tell the user when the compiler must not be used, or to "".
function(twill_probe_compiler refusal)
    set(${refusal} "" PARENT_SCOPE)
    if(TWILL_SKIP_PROBES AND CMAKE_CROSSCOMPILING)
        message(WARNING "twill: the compiler's coroutines were not probed (TWILL_SKIP_PROBES); "
            "run the programs of cmake/probes/ on the target: each must return 0.")
        return()
    endif()
    if(TWILL_SKIP_PROBES)
        set(${refusal} "twill: TWILL_SKIP_PROBES is for cross-compiling only, where the probes \
cannot run. Here they can: remove it, and take a compiler that passes." PARENT_SCOPE)
        return()
    endif()
    if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
        set(${refusal} "twill: the probes of cmake/probes/ cannot run when cross-compiling. Set \
CMAKE_CROSSCOMPILING_EMULATOR, or run them on the target by hand (each must return 0) and \
configure with -DTWILL_SKIP_PROBES=ON." PARENT_SCOPE)
        return()
    endif()

    set(compiler "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
    set(probed "${CMAKE_CXX_COMPILER} ${compiler} ${CMAKE_CXX_FLAGS}")
    if(TWILL_PROBED STREQUAL probed)
        return()
    endif()

    message(STATUS "twill: probing the coroutines of ${compiler}")
    set(reasons "")
    foreach(probe IN LISTS TWILL_PROBES)
        string(REGEX MATCH "^([^:]+):(.*)$" parts "${probe}")
        twill_run_probe(${CMAKE_MATCH_1} "${CMAKE_MATCH_2}" reason)
        if(reason)
            string(APPEND reasons "  - it ${reason}\n")
        endif()
    endforeach()
    if(reasons)
        set(${refusal} "twill: ${compiler} (${CMAKE_CXX_COMPILER}) breaks coroutines:\n\
${reasons}\
Programs built with it would corrupt memory. Use g++ 13 or newer, or clang++ 16 or newer: on \
Debian 12 install clang-19 and configure, in an empty build folder, with\n\
  -DCMAKE_CXX_COMPILER=clang++-19\n\
or, in twill's own folder, run make, which does both." PARENT_SCOPE)
        return()
    endif()
    set(TWILL_PROBED "${probed}" CACHE INTERNAL "The compiler whose coroutines were found sound")
endfunction()
