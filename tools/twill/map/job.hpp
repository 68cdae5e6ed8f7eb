// One job: a child process that leads a process group, from its start to the end of all that it
// started there.
#pragma once

#include "twill/map/kept_output.hpp"
#include "twill/map/time_limit.hpp"
#include "twill/map/times_of_job.hpp"

#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/io/process.hpp>

#include <optional>
#include <string>

namespace twill_command {

struct job_result {
    explicit job_result(output_store& store) noexcept : out(store), err(store) {}

    kept_output out;
    kept_output err;
    twill::exit_status status;
    std::optional<scheduled_time> scheduled;  // where the kernel says
    twill::time_point ended{};                // the child; what it left in its group may come later
    bool timed_out = false;
    std::string problem;  // why its output is incomplete; else empty

    [[nodiscard]] bool success() const noexcept {
        return status.success() && !timed_out && problem.empty();
    }
};

// How long a group that was sent SIGTERM has until SIGKILL.
inline constexpr twill::duration stop_grace = std::chrono::seconds(2);

// Collects what `child`, started at `began` with its own group and pipes for both outputs, writes,
// until it has ended; stops it when it takes longer than `limit` says by then, less what all were
// stopped since `stopped_before`, which `limit.stopped` was when it was started. Then ends what is
// left of its group:
//   1. As long as something there still holds an output open, it has a second to finish.
//   2. What is left after that, or runs on in the background, gets SIGTERM, and SIGKILL after
//      `stop_grace`.
// What has left the group (a daemon) is not waited for, and its later output goes nowhere: each job
// has pipes of its own, so it cannot get into another job's output. Cancelled: the group is stopped
// in the same way, and has ended when it throws.
twill::task<job_result> attend(twill::process& child, twill::time_point began,
                               twill::duration stopped_before, const time_limit& limit,
                               output_store& store);

}  // namespace twill_command
