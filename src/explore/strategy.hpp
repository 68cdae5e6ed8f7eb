// Who runs next: the interface of all strategies.
//
// A strategy sees what each thread would do next and picks one. It is asked once a step, must not
// allocate but from the arena that it was given, and gets all its randomness from the seed: the
// same seed decides the same. What it keeps from run to run lies in a plain block that its owner
// may put into memory shared with other processes.
#pragma once

#include "arena.hpp"
#include "operation.hpp"
#include "profile.hpp"
#include "thread_state.hpp"

namespace twill::inline TWILL_ABI::explore {

// Everything that a strategy may know at a step.
struct choice {
    // Those that can run. At least one. The order is the same in each run that came here.
    const thread_id* enabled;
    std::uint32_t count;
    // Those blocked with a deadline. Picking one makes virtual time pass until then.
    const thread_id* timed;
    std::uint32_t timed_count;
    // Who ran last (no_thread: nobody), and whether taking it off would be a preemption: it could
    // go on, and has not just offered to wait.
    thread_id current;
    bool preempts;
    // All threads of the run, by their numbers: what each does next, and how far it is.
    const thread_state* threads;
    std::uint32_t thread_count;
    std::uint64_t step;  // how many there were before

    [[nodiscard]] bool can_run(thread_id thread) const noexcept {
        return thread < thread_count && threads[thread].enabled();
    }
};

struct outcome_choice {
    thread_id thread;
    std::uint32_t index;    // how many free choices this thread made before
    std::uint32_t options;  // two or more; 0 is the plain one
    // Others than the plain one are as unlikely as a preemption, and count as one where these are
    // bounded.
    bool unlikely;
};

class strategy {
public:
    strategy() = default;
    strategy(const strategy&) = delete;
    strategy& operator=(const strategy&) = delete;

    // Before each run. `memory` is the run's; `known` is what earlier runs showed (nothing yet: all
    // zero).
    virtual void begin_run(arena& /*memory*/, std::uint64_t /*seed*/,
                           const profile& /*known*/) noexcept {}

    virtual void spawned(thread_id /*child*/, thread_id /*parent*/) noexcept {}

    // One of `at.enabled` or of `at.timed`; or no_thread: whatever comes has been explored already.
    virtual thread_id choose(const choice& at) noexcept { return at.enabled[0]; }

    // One of `what.options` equally possible outcomes.
    virtual std::uint32_t pick(const outcome_choice& /*what*/) noexcept { return 0; }

    // Whether what it does leaves the given schedule: for a replay.
    [[nodiscard]] virtual bool diverged() const noexcept { return false; }

    // After each run. True: there is more to explore (only exhaustive ones ever say no).
    virtual bool end_run() noexcept { return true; }

protected:
    ~strategy() = default;
};

}  // namespace twill::inline TWILL_ABI::explore
