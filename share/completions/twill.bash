# Completion of twill for bash. Installed, it is found by itself; else:
#     source share/completions/twill.bash

_twill_map_options='-j --jobs -t --timeout -k --keep-order -n --dry-run -0 --null -a --arg-file -h --help
    --help-all --explain --report --timeline --trace --joblog --results --resume --retry-failed --no-sync
    --env --jsonl --batch --worker --lengths --tag --retries --halt --delay --nice --load --memfree'

# Where the command of `twill map` begins: the index of the first word that is none of its options.
_twill_map_command() {
    local at=2
    while ((at < COMP_CWORD)); do
        case ${COMP_WORDS[at]} in
            --) echo $((at + 1)); return ;;
            -j | --jobs | -t | --timeout | -a | --arg-file | --timeline | --trace | --joblog | --results | --env | \
                --batch | --retries | --halt | --delay | --nice | --load | --memfree) at=$((at + 2)) ;;
            -*) at=$((at + 1)) ;;
            *) echo "$at"; return ;;
        esac
    done
    echo "$at"
}

_twill_map() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command
    command=$(_twill_map_command)
    if ((command < COMP_CWORD)); then
        # Within the command, as if it stood alone; without bash-completion, files.
        if declare -F _command_offset >/dev/null; then
            _command_offset "$command"
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
        fi
        return
    fi
    case $before in
        -j | --jobs | --batch) mapfile -t COMPREPLY < <(compgen -W 'auto' -- "$current") ;;
        --halt) mapfile -t COMPREPLY < <(compgen -W 'never now,fail=1 soon,fail=1 now,success=1' -- "$current") ;;
        --env) mapfile -t COMPREPLY < <(compgen -v -- "$current") ;;
        --results) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
        -a | --arg-file | --joblog | --timeline | --trace) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        -t | --timeout | --retries | --delay | --nice | --load | --memfree) COMPREPLY=() ;;
        *)
            if [[ $current == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$_twill_map_options" -- "$current")
            else
                mapfile -t COMPREPLY < <(compgen -c -- "$current")
            fi
            ;;
    esac
}

_twill() {
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W 'c++ cc check demo map --help --version' -- "${COMP_WORDS[1]}")
    elif [[ ${COMP_WORDS[1]} == map ]]; then
        _twill_map
    else
        mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
    fi
}

complete -o filenames -F _twill twill
