# twill_check_test(TARGET [NAME name] [SCHEDULES n] [TIME t] [OPTIONS ...] [ARGS ...])
#
# Registers a CTest test that runs the program TARGET under `twill check`: it fails with a report when
# one of the schedules does, and says how to repeat it. ARGS are the program's, OPTIONS are further ones
# of `twill check`. The test is called NAME (default: check/TARGET), has the label "check", and leaves a
# schedule that fails beside the program, in TARGET.replay, or with a NAME in NAME.replay (a slash
# becomes a '-'), so that tests of one program keep theirs apart.
#
# The command is the one that is built along or installed with twill; TWILL_COMMAND names another.
function(twill_check_test target)
    cmake_parse_arguments(PARSE_ARGV 1 want "" "NAME;SCHEDULES;TIME" "OPTIONS;ARGS")
    if(want_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "twill_check_test(${target}): what is '${want_UNPARSED_ARGUMENTS}'? It takes "
            "NAME, SCHEDULES, TIME, OPTIONS and ARGS")
    endif()
    if(NOT TARGET ${target})
        message(FATAL_ERROR "twill_check_test(${target}): there is no such target")
    endif()
    if(TWILL_COMMAND)
        set(command ${TWILL_COMMAND})
    elseif(TARGET twill_command)
        set(command $<TARGET_FILE:twill_command>)
    else()
        message(FATAL_ERROR "twill_check_test(${target}): the twill command is not here; build twill "
            "with TWILL_BUILD_TOOLS=ON, or set TWILL_COMMAND")
    endif()
    if(DEFINED want_NAME)
        string(REPLACE "/" "-" replay ${want_NAME})
    else()
        set(replay ${target})
        set(want_NAME check/${target})
    endif()
    set(options --save $<TARGET_FILE_DIR:${target}>/${replay}.replay)
    if(DEFINED want_SCHEDULES)
        list(APPEND options --schedules ${want_SCHEDULES})
    endif()
    if(DEFINED want_TIME)
        list(APPEND options --time ${want_TIME})
    endif()
    add_test(NAME ${want_NAME}
        COMMAND ${command} check ${options} ${want_OPTIONS} -- $<TARGET_FILE:${target}> ${want_ARGS})
    set_tests_properties(${want_NAME} PROPERTIES LABELS check)
endfunction()
