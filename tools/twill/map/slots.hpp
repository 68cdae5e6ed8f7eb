// When the next job may start: so many run at a time, none starts sooner than `--delay` says, and
// none while the machine has no room.
#pragma once

#include "twill/map/arguments.hpp"
#include "twill/map/job_limit.hpp"
#include "twill/map/launcher.hpp"
#include "twill/map/machine_gate.hpp"
#include "twill/map/memory_guard.hpp"
#include "twill/map/run_control.hpp"

#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/adaptive_controller.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace twill_command {

class slots {
public:
    // What is referred to must outlive it.
    slots(const map_arguments& arguments, job_limit& limit, run_control& control)
        : delay_(arguments.delay), limit_(limit), control_(control), gate_(arguments.gate) {}

    // Until a job may start. False: no more are started. When true, nothing else runs before the
    // caller does. `left`: about so many inputs are not started, where that is known.
    twill::task<bool> wait(std::optional<std::size_t> left = std::nullopt);

    // A process was started, and counts.
    void take(const attempt& one);
    // It has ended; `times`: what was measured of it, if it was.
    void give_back(const attempt& one, const std::optional<twill::call_sample>& times);

    // Between the two, all jobs were stopped (Ctrl-Z).
    void note_stopped(twill::time_point since, twill::time_point until) {
        limit_.note_stopped(since, until);
    }

    // How many there are now.
    [[nodiscard]] std::size_t count() const noexcept { return limit_.now(); }

    [[nodiscard]] machine_gate& gate() noexcept { return gate_; }
    // What the guards did, in words; empty: nothing.
    [[nodiscard]] std::string what_guards_did() const;
    [[nodiscard]] memory_guard& guard() noexcept { return guard_; }

private:
    [[nodiscard]] bool machine_has_room();

    std::optional<twill::duration> delay_;
    job_limit& limit_;
    run_control& control_;
    machine_gate gate_;
    memory_guard guard_{gate_};
    twill::time_point next_start_{};
};

}  // namespace twill_command
