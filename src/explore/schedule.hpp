// What was decided in a run: enough to repeat it.
//
// A schedule is a row of runs ("thread 2 up to its 14th step") and of the values that were not the
// plain ones ("the 3rd free choice of thread 1 was option 2"). Both count in the thread's own steps
// and choices, not in the program's, so taking one out leaves the others meaningful: that is what
// shrinking needs.
#pragma once

#include "arena.hpp"
#include "operation.hpp"

namespace twill::inline TWILL_ABI::explore {

// `thread` runs until it has done `until` steps in all.
struct stretch {
    thread_id thread;
    std::uint32_t until;
    // It could have gone on: what follows is a preemption.
    bool preempted = false;
};

// The free choice number `index` of `thread` (from 0) was `option`. Option 0, the plain one, is not
// recorded.
struct picked {
    thread_id thread;
    std::uint32_t index;
    std::uint32_t option;
};

class schedule {
public:
    explicit schedule(arena& memory) noexcept : stretches(memory), values(memory) {}

    row<stretch> stretches;
    row<picked> values;
    std::uint64_t preemptions = 0;
    // Of the operations that were carried out, in their order; 0: not known. A replay with another
    // fingerprint has gone another way.
    std::uint64_t fingerprint = 0;

    void assign(const schedule& other) noexcept {
        stretches.clear();
        for (const stretch& each : other.stretches) stretches.push_back(each);
        values.clear();
        for (const picked& each : other.values) values.push_back(each);
        preemptions = other.preemptions;
        fingerprint = other.fingerprint;
    }
    // `thread` did one more step, its `steps`-th.
    void add_step(thread_id thread, std::uint32_t steps) noexcept {
        if (!stretches.empty() && stretches.back().thread == thread)
            stretches.back().until = steps;
        else
            stretches.push_back({.thread = thread, .until = steps});
    }
};

}  // namespace twill::inline TWILL_ABI::explore
