#include "twill/map/foreign_options.hpp"

#include <string>

namespace twill_command {
namespace {

struct hint {
    std::string_view names;  // with a space before and behind each
    std::string_view text;
};

constexpr std::string_view jobs = "how many run at a time is -j N, or left to measurement";
constexpr std::string_view place = "'{}' stands for the input wherever it is, without an option";
constexpr std::string_view several = "several inputs a process are --batch N, or --batch auto";
constexpr std::string_view ends = "inputs end with a newline, or with a NUL byte (-0)";
constexpr std::string_view empty = "that is so without an option: no input, no job";
constexpr std::string_view line = "a terminal gets a progress line without an option";
constexpr std::string_view whole =
    "what a job writes is printed in one piece when it ends, --tag or -k as you like";
constexpr std::string_view fields = "fields of an input are {name} of JSON lines: --jsonl";
constexpr std::string_view shell = "no shell looks at the command, so nothing is quoted for one";
constexpr std::string_view list =
    "standard input is a list of inputs, and not shared out; split --filter does that";
constexpr std::string_view here = "jobs run on this machine only";

}  // namespace

std::string_view foreign_option_hint(std::string_view word) {
    static constexpr hint all[] = {
        {" -P --max-procs ", jobs},
        {" -I -i --replace ", place},
        {" -n -N -L -l -X -m -s --max-args --max-lines --max-chars --max-replace-args --xargs ",
         several},
        {" -d --delimiter --arg-sep --recstart --recend ", ends},
        {" -r --no-run-if-empty ", empty},
        {" --bar --progress --eta ", line},
        {" -u --ungroup --group --line-buffer --linebuffer --lb ", whole},
        {" -C --colsep --csv --header --link --xapply ", fields},
        {" -q --quote ", shell},
        {" -S --sshlogin --slf --sshloginfile --onall --nonall ", here},
        {" --pipe --pipepart --pipe-part --spreadstdin --block --block-size --round-robin ", list},
        {" --tagstring --tag-string ", "--tag begins each line with the input"},
        {" --tmpdir --tempdir ", "what does not fit in memory goes to $TMPDIR"},
        {" --resume-failed ", "that is --retry-failed"},
        {" --halt-on-error ", "that is --halt"},
        {" --memsuspend --noswap ", "that is --memfree SIZE, or done by guards unasked"},
        {" --wd --workdir ", "jobs run where you are; cd there before"},
        {" -v -p --verbose --interactive ", "--dry-run prints the commands"},
    };
    const bool is_long = word.starts_with("--");
    const auto name = is_long ? word.substr(0, word.find('=')) : word.substr(0, 2);
    const std::string in_names = " " + std::string(name) + " ";
    for (const hint& each : all)
        if (each.names.find(in_names) != std::string_view::npos) return each.text;
    return {};
}

}  // namespace twill_command
