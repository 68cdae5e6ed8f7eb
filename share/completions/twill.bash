# Completion of twill for bash. Installed, it is found by itself; else:
#     source share/completions/twill.bash

_twill_map_options='-j --jobs -t --timeout -k --keep-order -n --dry-run -0 --null -a --arg-file -h --help
    --help-all --polite --greedy --explain --report --timeline --trace --joblog --results --resume --retry-failed --no-sync
    --env --jsonl --batch --worker --lengths --tag --retries --halt --delay --nice --load --memfree'

_twill_check_options='--schedules --time --seed --strategy --sync --memory --every-access --jobs --keep-going --replay
    --times --gdb --gdb-command --save --cpus --exit-status --json --junit --svg --github --suppress -h --help'

# Where the command begins that is to be run: the index of the first word that is no option, nor the value of one of $1.
_twill_command() {
    local at=2
    while ((at < COMP_CWORD)); do
        case ${COMP_WORDS[at]} in
            --) echo $((at + 1)); return ;;
            -*) [[ " $1 " != *" ${COMP_WORDS[at]} "* ]] || at=$((at + 1)); at=$((at + 1)) ;;
            *) echo "$at"; return ;;
        esac
    done
    echo "$at"
}

# Within the command that is to be run, from word $1 on: as if it stood alone; without bash-completion, files.
_twill_within() {
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    else
        mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
    fi
}

# One of the options $1, or the beginning of a command.
_twill_option_or_command() {
    local current=${COMP_WORDS[COMP_CWORD]}
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -c -- "$current")
    fi
}

_twill_check() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command
    command=$(_twill_command '--schedules --time --seed --strategy --jobs -j --replay --times --gdb-command --save --cpus
        --exit-status --junit --svg --suppress')
    if ((command < COMP_CWORD)); then
        _twill_within "$command"
        return
    fi
    case $before in
        --strategy) mapfile -t COMPREPLY < <(compgen -W 'rotation random pct pos urw stall' -- "$current") ;;
        --replay | --save | --junit | --svg | --suppress) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        --schedules | --time | --seed | -j | --jobs | --times | --gdb-command | --cpus | --exit-status) COMPREPLY=() ;;
        *) _twill_option_or_command "$_twill_check_options" ;;
    esac
}

_twill_map() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command
    command=$(_twill_command '-j --jobs -t --timeout -a --arg-file --timeline --trace --joblog --results --env --batch
        --retries --halt --delay --nice --load --memfree')
    if ((command < COMP_CWORD)); then
        _twill_within "$command"
        return
    fi
    case $before in
        -j | --jobs | --batch) mapfile -t COMPREPLY < <(compgen -W 'auto' -- "$current") ;;
        --halt) mapfile -t COMPREPLY < <(compgen -W 'never now,fail=1 soon,fail=1 now,success=1' -- "$current") ;;
        --env) mapfile -t COMPREPLY < <(compgen -v -- "$current") ;;
        --results) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
        -a | --arg-file | --joblog | --timeline | --trace) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        -t | --timeout | --retries | --delay | --nice | --load | --memfree) COMPREPLY=() ;;
        *) _twill_option_or_command "$_twill_map_options" ;;
    esac
}

_twill() {
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W 'c++ cc check demo help map --help --version' -- "${COMP_WORDS[1]}")
        return
    fi
    case ${COMP_WORDS[1]} in
        map) _twill_map ;;
        check) _twill_check ;;
        help) mapfile -t COMPREPLY < <(compgen -W 'c++ cc check demo map' -- "${COMP_WORDS[COMP_CWORD]}") ;;
        *) mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}") ;;
    esac
}

complete -o filenames -F _twill twill
