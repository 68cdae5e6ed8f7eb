// Runs a program that measures something and prints it: ours and the peers alike.
//
// Such a program prints lines `metric value` ("spawn_ns 412.5") on standard output, and ends with
// 0. Other lines are passed over.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include "common/interleave.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

struct program {
    std::vector<std::string> argv;  // argv[0]: a path, or a name looked up in PATH
    // The only CPU that it may run on; none: all of this process's.
    std::optional<unsigned> cpu = {};
    // The file that is its standard input.
    std::string input = "/dev/null";
    // Whether its standard input is what `say` says instead.
    bool listens = false;
    // After so long without having ended it counts as failed.
    duration limit = std::chrono::minutes(5);
};

// A program under way, its standard output on a pipe. Killed and waited for when this goes; killed,
// too, when the process that started it dies.
class running_program {
public:
    // Throws std::runtime_error.
    explicit running_program(const program& what);
    ~running_program();
    running_program(const running_program&) = delete;
    running_program& operator=(const running_program&) = delete;

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    // The value of the next line `name value` that it prints. Throws std::runtime_error when it
    // ends without one.
    [[nodiscard]] double await(std::string_view name);
    // A line on the standard input of a program that listens. Throws std::runtime_error.
    void say(std::string_view line);
    // All further lines, and its end, which a program that listens is told by the end of its input.
    // Adds "wall_s", "cpu_s" (user and system time, its own children included) and "peak_kib" (the
    // most resident memory). Throws std::runtime_error, with what it was, when it failed.
    [[nodiscard]] metrics finish();

private:
    [[nodiscard]] std::optional<std::string> next_line();
    void wait_for_output() const;
    void close_pipes();

    std::string name_;
    time_point began_;
    time_point deadline_;
    pid_t pid_ = -1;
    int out_ = -1;
    int in_ = -1;  // of a program that listens
    std::string buffered_;
};

[[nodiscard]] metrics run_program(const program& what);

// The CPUs that this process may use.
[[nodiscard]] std::vector<unsigned> usable_cpus();

}  // namespace twill::inline TWILL_ABI::bench
