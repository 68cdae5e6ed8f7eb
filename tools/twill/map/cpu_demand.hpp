// How many of the running jobs want a CPU now: what the kernel tells of each while it runs.
//
// A job is looked at when it is 2 ms old, and again whenever its age has doubled, so that a list of
// a thousand jobs costs some ten thousand looks of some microseconds, however long it takes. What
// it did since the look before, on a CPU or waiting for one, is what it wants until the next. One
// that was not looked at yet is taken for what others of its age were. Where jobs end within a few
// milliseconds, they are looked at only if they live for twice as long.
//
// The kernel tells of a process's first thread only. Jobs that leave the work to threads or
// children are found out when they have ended, by their CPU time.
#pragma once

#include "twill/map/times_of_job.hpp"

#include <twill/core/time.hpp>
#include <twill/runtime/adaptive_controller.hpp>

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace twill_command {

class cpu_demand {
public:
    // What the kernel says of a job.
    struct senses {
        std::function<std::optional<scheduled_time>(pid_t)> times = read_schedstat;
        std::function<bool(pid_t)> wants_now = wants_cpu_now;
    };

    cpu_demand(unsigned cpus, senses from);

    // `before`: what the process had done by then, where it has done something else before.
    void started(pid_t job, twill::time_point at, const scheduled_time& before = {});
    // After its end, and once for each start. `times`: where they are known.
    void ended(pid_t job, twill::time_point at, const std::optional<twill::call_sample>& times);

    // For so long all of them were stopped, until now.
    void note_stopped(twill::duration length) noexcept;

    // When the next look is due; `never` where no job runs.
    [[nodiscard]] twill::time_point next_look() const noexcept { return next_look_; }
    // Does the looks that are due.
    void look(twill::time_point now);

    // Jobs that want a CPU, on average over their latest time; and what one more is expected to
    // want at first.
    [[nodiscard]] double wanted() const noexcept;
    [[nodiscard]] double of_one_more() const noexcept { return first_demand_; }
    // Whether jobs end within a few milliseconds, as a rule.
    [[nodiscard]] bool are_short() const noexcept;
    // Whether the jobs wait for CPUs that others use.
    [[nodiscard]] bool has_strangers(twill::time_point now) const noexcept {
        return now < strangers_until_;
    }

private:
    struct running {
        pid_t job;
        twill::time_point began;
        twill::time_point looked;     // at first: when it began
        twill::time_point next_look;  // `never`: it cannot be looked at
        scheduled_time seen;          // until then
        double wants = 1;             // a CPU, of its time
        double waits = 0;             // for one
        bool rests = false;           // at the look before it did little, and did not want to
    };

    void look_at(running& one, twill::time_point now);
    void learn_first(double demand) noexcept;
    void notice_strangers(twill::time_point now);

    unsigned cpus_;
    senses from_;
    std::vector<running> running_;
    twill::time_point next_look_ = twill::never;
    double first_demand_ = 1;
    std::size_t first_seen_ = 0;
    twill::duration usual_life_{};  // of those that have ended; 0: not known
    double by_others_ = 0;  // CPU time of threads and children over that of the first thread
    double share_ = 0;      // of their time that such jobs had a CPU
    twill::time_point strangers_until_{};
};

}  // namespace twill_command
