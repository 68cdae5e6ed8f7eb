#include "twill/map/help.hpp"

#include <twill/runtime/usable_cpus.hpp>

#include <fmt/format.h>

namespace twill_command {
namespace {

constexpr const char* usage = R"(Usage: twill map [OPTIONS] [--] COMMAND [ARGS] [::: INPUT...]

Runs COMMAND once for each input, several at a time: for what follows ':::',
else for each line of standard input. '{{}}' stands for the input; without it the
input is the last argument. No shell looks at them. To have one, run it:
    sh -c 'grep x "$1" | sort' sh {{}}

)";

constexpr const char* daily =
    R"(  -j, --jobs N        run at most N at a time (default: auto, as many as do
                      good: the CPUs, here {}, or more where jobs wait)
  -k, --keep-order    print outputs in the order of the inputs
  -t, --timeout T     stop a job that takes longer: 10, 500ms, 2m, 1h
      --retries N     try a failing job N times in all, later each time
  -0, --null          inputs that are read end with a NUL byte, not a newline
  -n, --dry-run       print the commands, quoted for a shell, and run nothing
      --joblog FILE   note each job that has ended
      --results DIR   keep outputs in DIR/INPUT/stdout and stderr, and a log
      --resume        run what an earlier run with this log did not come to
      --explain       say at the end how many ran at a time, and why
      --help-all      print all options

  twill map -- gzip -9 {{}} ::: *.log
  find . -name '*.png' -print0 | twill map -0 -- convert {{}} {{}}.webp
)";

constexpr const char* all = R"(At once
  -j, --jobs N        run at most N at a time (default: auto, as many as do
                      good: the CPUs, here {}, or more where jobs wait)
      --polite        with -j auto: start none while others leave no CPU idle
      --greedy        with -j auto: beside other programs, so many that they get
                      nearly all of the CPUs
      --explain       say at the end how many ran at a time, and why
      --report        say how much sooner it was done, and what was lost where
      --timeline FILE make a picture (SVG) of who ran when, a row for each slot
      --trace FILE    the same for Perfetto
      --delay T       wait so long between two starts
      --load N        start none while N threads are runnable; 80%: of the CPUs
      --memfree SIZE  start none while less memory is available (500M, 2G);
                      below half of it, stop the youngest job and run it again
                      later
      --nice N        run at niceness N

Inputs: in COMMAND and ARGS, {{}} is the input, {{.}} without extension, {{/}} without
folder, {{//}} its folder, {{/.}} without both, {{#}} its number, {{name}} a field with
--jsonl
  -a, --arg-file FILE read inputs from FILE; the same as ':::: FILE' at the end
  -0, --null          inputs that are read end with a NUL byte, not a newline
      --jsonl         inputs are JSON objects, one a line
      --batch N       give each process N inputs; auto: as many as keep it busy
                      for a while. Those of a batch that fails are tried singly
      --worker        run COMMAND once for each of those at a time, and give it
                      one input a line; it answers with output and a line
                      "$TWILL_MAP_END STATUS"
      --lengths       with --worker: inputs and answers have lengths, and any
                      bytes
  -n, --dry-run       print the commands, quoted for a shell, and run nothing

Outputs
  -k, --keep-order    print outputs in the order of the inputs
      --tag           begin each line with the input and a tab
      --results DIR   keep outputs in DIR/INPUT/stdout and stderr, and a log

Failures
  -t, --timeout T     stop a job that takes longer: 10, 1.5s, 500ms, 2m, 1h;
                      500%: of the median of the others
      --retries N     try a failing job N times in all, later each time
      --halt WHEN,WHY=N   stop early: soon (what runs may end) or now; when N
                      (or N%) of the jobs fail, success or are done: now,fail=1

Going on
      --joblog FILE   note each job that has ended, as GNU parallel does; in a
                      FILE that ends in .jsonl as JSON
      --resume        run what an earlier run with this log did not come to
      --retry-failed  the same, and again what failed
      --env NAME      this variable's value makes another job of it
      --no-sync       do not wait for the disk

  -h, --help          print the daily ones
      --help-all      print this

What a job writes is kept together and printed when it ends. Jobs read
/dev/null. Ctrl-C: start no more, wait for those that run. Twice: stop them.

Exit status: 0 all jobs succeeded; 1 to 100 that many failed; 101 more; 2 the
command line is wrong; 126, 127 COMMAND cannot be executed, was not found; 255
another error; with --halt fail=1, that of the job that failed.
)";

}  // namespace

std::string map_help() {
    return fmt::format(fmt::runtime(usage)) +
           fmt::format(fmt::runtime(daily), twill::usable_cpus());
}

std::string map_help_all() {
    return fmt::format(fmt::runtime(usage)) + fmt::format(fmt::runtime(all), twill::usable_cpus());
}

}  // namespace twill_command
