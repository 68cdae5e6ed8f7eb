// Starts the process of a job.
#pragma once

#include "twill/map/arguments.hpp"
#include "twill/map/command_template.hpp"
#include "twill/map/job_processes.hpp"
#include "twill/map/planned_job.hpp"

#include <twill/core/time.hpp>
#include <twill/io/process.hpp>

#include <cstddef>
#include <string>
#include <system_error>
#include <variant>

namespace twill_command {

// One try of a job.
struct attempt {
    job_processes::member listed;  // gone after the child
    twill::process child;
    twill::time_point began;
    twill::duration stopped_before{};  // what `time_limit::stopped` was then
    twill::duration start_took{};      // us
    std::size_t beside = 1;            // so many ran when it began, with itself
    std::size_t slot = 0;              // its row in pictures
    bool evicted = false;              // stopped by us because memory was short: it does not count
};

// Why there is none.
struct refusal {
    std::error_code why;
    std::string message;

    // The system is short of something that the end of a job gives back.
    [[nodiscard]] bool may_pass() const noexcept;
    // There are too many inputs in it: each alone may do.
    [[nodiscard]] bool is_for_size(const planned_job& what) const noexcept {
        return what.inputs.size() > 1 && why == std::errc::argument_list_too_long;
    }
    // Of the program as a whole, as a shell's.
    [[nodiscard]] int status() const noexcept;
};

class launcher {
public:
    // `program`: what is executed when it does not depend on the input; else empty. `arguments`
    // must outlive it.
    launcher(const map_arguments& arguments, std::string program);
    ~launcher();
    launcher(const launcher&) = delete;
    launcher& operator=(const launcher&) = delete;

    [[nodiscard]] std::variant<attempt, refusal> start(const planned_job& what);
    // Those that it has started.
    [[nodiscard]] job_processes& processes() noexcept { return processes_; }

    // A worker that stays; `mark`: what ends its answers.
    [[nodiscard]] std::variant<attempt, refusal> start_worker(const std::string& mark);

    // Whether what prevented the start of one job prevents all others.
    [[nodiscard]] bool ends_all(const refusal& why) const noexcept;

    // The command line, quoted for a shell; and as a message shows it.
    [[nodiscard]] std::string command_for(const planned_job& what) const;
    [[nodiscard]] std::string described(const planned_job& what) const;

private:
    std::variant<attempt, refusal> start();

    const map_arguments& arguments_;
    command_template template_;
    twill::command command_;
    job_processes processes_;
    int null_device_;
};

}  // namespace twill_command
