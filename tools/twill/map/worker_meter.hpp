// What a worker does with its time: on a CPU, waiting for one, or blocked.
//
// It is looked at between two answers, not more than once a millisecond, since a look takes some
// microseconds. What lies between two looks is a turn: one input as a rule, several where they are
// short.
//
//     worker_meter meter(pid);
//     meter.begin(now);                                  // it was given something
//     if (meter.is_due(now)) times = meter.end(now);     // it has answered
#pragma once

#include "twill/map/times_of_job.hpp"

#include <twill/core/time.hpp>
#include <twill/runtime/adaptive_controller.hpp>

#include <sys/types.h>

#include <functional>
#include <optional>

namespace twill_command {

class worker_meter {
public:
    // What the kernel says of a process.
    struct senses {
        std::function<std::optional<scheduled_time>(pid_t)> times = read_schedstat;
        std::function<std::optional<twill::duration>(pid_t)> cpu = read_cpu_time;
    };

    explicit worker_meter(pid_t process) : worker_meter(process, senses{}) {}
    worker_meter(pid_t process, senses from);

    void begin(twill::time_point now) noexcept { began_ = now; }
    // Whether the turn is long enough for a look at its end.
    [[nodiscard]] bool is_due(twill::time_point now) const noexcept;
    // Looks, and says what was done since `begin`. None: nothing is known of that. So it is in the
    // first turn, in which the program starts, and after turns that ended without a look.
    std::optional<twill::call_sample> end(twill::time_point now);
    // The turn ends without a look.
    void skip() noexcept { is_current_ = false; }

    // What it had done at the latest look.
    [[nodiscard]] const scheduled_time& seen() const noexcept { return seen_; }

private:
    [[nodiscard]] twill::duration cpu_time_of_turn(twill::time_point now, twill::duration wall,
                                                   twill::duration run);

    pid_t process_;
    senses from_;
    twill::time_point began_{};  // the turn
    scheduled_time seen_;        // at the latest look
    bool is_current_ = false;    // nothing was done between that and the turn

    // What further threads and children do shows in the CPU time alone, which comes in large steps:
    // so over all turns together.
    std::optional<twill::duration> first_cpu_;
    twill::duration cpu_{};  // since then, at the latest look at it
    twill::time_point cpu_looked_{};
    twill::duration wall_{};  // of all measured turns
    twill::duration run_{};
    double work_of_others_ = 0;  // CPUs in use while it works; 0: there are no others
};

}  // namespace twill_command
