// Child processes side by side: at most `limit` at a time, each with a time limit, output kept
// together. Nothing is left running, however it ends.
//
//     run_children [COMMAND...]           # each a command line for the shell
#include <twill/async/map.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/process.hpp>
#include <twill/runtime/runtime.hpp>

#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using twill::task;

constexpr unsigned limit = 4;

task<> run_one(std::string line) {
    // A process group of its own: what the shell starts is stopped with it.
    twill::command shell{.arguments = {"sh", "-c", line}, .own_group = true};
    try {
        auto made = co_await twill::with_timeout(2s, twill::run_process(std::move(shell)));
        std::printf("%s: %s\n%s%s", line.c_str(), made.status.to_string().c_str(), made.out.c_str(),
                    made.err.c_str());
    } catch (const twill::timed_out&) {
        std::printf("%s: stopped after two seconds\n", line.c_str());
    } catch (const twill::io_error& failure) {
        std::printf("%s: %s\n", line.c_str(), failure.what());
    }
}

int main(int count, char** arguments) {
    std::vector<std::string> lines(arguments + 1, arguments + count);
    if (lines.empty()) lines = {"echo hello", "uname -s", "exit 3", "kill -9 $$", "sleep 1000"};
    twill::run([&]() -> task<> { co_await twill::map(lines, run_one, {.limit = limit}); });
}
