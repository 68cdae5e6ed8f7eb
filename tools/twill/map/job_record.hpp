// What is noted of a job that has ended: a row of the log.
#pragma once

#include "twill/map/job_id.hpp"

#include <twill/core/time.hpp>
#include <twill/io/process.hpp>
#include <twill/runtime/adaptive_controller.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twill_command {

struct job_record {
    job_id id;
    std::uint64_t number = 0;  // of its input, from 1 on
    double started = 0;        // seconds since 1970
    twill::duration wall{};
    std::size_t received = 0;  // bytes on standard output
    std::string input;
    std::string command;  // quoted for a shell
    twill::exit_status status;
    twill::call_sample times;
    unsigned tries = 1;
    std::size_t batch = 1;  // inputs that its process had; what was used is of all of them
    bool timed_out = false;
    std::string problem;  // why it failed otherwise; else empty

    [[nodiscard]] bool success() const noexcept {
        return status.success() && !timed_out && problem.empty();
    }
};

enum class log_format : std::uint8_t {
    columns,  // GNU parallel's nine, tab-separated, and the job's id
    json,     // an object a line, with what the job used
};

// JSON for files whose names say so (.jsonl, .json), else columns.
log_format format_for(std::string_view path);

// The first line, with its end; empty if there is none.
std::string_view header_of(log_format format);

// A line, with its end.
std::string to_line(const job_record& job, log_format format);

// What a later run wants to know of a line. None: it is no line of that format.
struct noted_job {
    job_id id;
    bool success;
};
std::optional<noted_job> parse_line(std::string_view line, log_format format);

}  // namespace twill_command
