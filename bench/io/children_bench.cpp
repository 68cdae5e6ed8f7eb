// Child processes, one after the other.

#include "common/meter.hpp"
#include "io/work.hpp"

#include <twill/io/process.hpp>
#include <twill/runtime/runtime.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr const char* program = "/bin/echo";

void check(bool success, const std::string& out) {
    if (!success || out != "hello\n") throw std::runtime_error("a child did not do its work");
}

task<> run_with_tasks(long count) {
    for (long i = 0; i < count; ++i) {
        // Not made inside of the co_await: GCC 14 breaks down at that.
        command echo{.arguments = {program, "hello"}, .in = stdio::null(), .err = stdio::null()};
        const process_output made = co_await run_process(std::move(echo));
        check(made.status.success(), made.out);
    }
}

std::string read_to_end(int fd) {
    std::string out;
    std::array<char, 4096> piece;  // filled by read
    for (ssize_t n = 0; (n = read(fd, piece.data(), piece.size())) > 0;)
        out.append(piece.data(), static_cast<std::size_t>(n));
    return out;
}

void run_bare(long count) {
    for (long i = 0; i < count; ++i) {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        char name[] = "echo";
        char word[] = "hello";
        char* argv[] = {name, word, nullptr};
        pid_t child = 0;
        const int failed = posix_spawn(&child, program, &actions, nullptr, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        close(ends[1]);
        if (failed != 0) throw std::runtime_error("could not start a child");
        const std::string out = read_to_end(ends[0]);
        close(ends[0]);
        int status = 0;
        waitpid(child, &status, 0);
        check(status == 0, out);
    }
}

double children_cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_CHILDREN, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

void run_children(const words& arguments) {
    const long count = std::stol(arguments.at(1));
    const double began = wall_seconds();
    if (arguments.at(0) == "twill")
        run([&] { return run_with_tasks(count); });
    else
        run_bare(count);
    print("children_per_s", static_cast<double>(count) / (wall_seconds() - began));
    print("child_ns", (cpu_seconds() + children_cpu_seconds()) * 1e9 / static_cast<double>(count));
}

}  // namespace twill::inline TWILL_ABI::bench
