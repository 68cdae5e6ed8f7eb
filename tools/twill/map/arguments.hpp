// The command line of `twill map`, understood.
#pragma once

#include "twill/map/batch_size.hpp"
#include "twill/map/halt_policy.hpp"
#include "twill/map/machine_gate.hpp"
#include "twill/map/time_limit.hpp"
#include "twill/map/worker_protocol.hpp"

#include <twill/core/time.hpp>

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace twill_command {

struct map_arguments {
    std::optional<unsigned> jobs;  // at once; none: as measurement says
    bool keep_order = false;
    bool dry_run = false;
    bool explain = false;
    bool report = false;
    std::optional<std::string> timeline;  // files
    std::optional<std::string> trace;
    bool null_separated = false;  // inputs on standard input end with NUL, not with a newline
    std::optional<std::string> input_file;  // instead of standard input
    bool json_lines = false;                // inputs are JSON objects
    batch_size batch;
    worker_protocol worker = worker_protocol::none;
    bool tag = false;
    time_limit timeout;
    unsigned tries = 1;
    halt_policy halt;
    std::optional<twill::duration> delay;  // between two starts
    std::optional<int> niceness;
    gate_limits gate;

    std::optional<std::string> joblog;     // a file
    std::optional<std::string> results;    // a folder
    bool resume = false;                   // jobs in the log are not run again
    bool retry_failed = false;             // those that failed are, others not
    bool sync = true;                      // what is logged is on the disk
    std::vector<std::string> environment;  // names of variables that are part of a job

    [[nodiscard]] bool has_chart() const noexcept { return timeline || trace; }
    [[nodiscard]] bool goes_on() const noexcept { return resume || retry_failed; }
    // Where the log is; none: there is none.
    [[nodiscard]] std::optional<std::string> log_path() const;

    // Both refer to argv, and are not copied: a shell passes up to some 100,000 inputs.
    std::span<char* const> command;
    std::optional<std::span<char* const>> inputs;  // after `:::`; none: standard input is read
};

// What to print, and the exit status, instead of running.
struct map_answer {
    bool is_help;
    std::string text;
};

std::variant<map_arguments, map_answer> parse_map_arguments(int argc, char** argv);

}  // namespace twill_command
