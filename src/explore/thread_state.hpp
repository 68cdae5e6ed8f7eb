// What the engine knows of one thread.
#pragma once

#include "operation.hpp"
#include "spinning.hpp"
#include "vector_clock.hpp"

namespace twill::inline TWILL_ABI::explore {

struct thread_state {
    enum class stage : std::uint8_t { alive, ended };

    operation next;  // what it does when it is chosen
    stage now = stage::alive;
    bool expired = false;             // blocked, and its deadline has passed
    std::uint32_t steps = 0;          // how often it was chosen
    std::uint32_t choices = 0;        // how many free choices it made
    std::uint64_t blocked_since = 0;  // the step, for the order of those who wait
    thread_id parent = no_thread;
    std::uint32_t started_at = 0;  // the parent's steps then
    vector_clock past;
    spinning loop;

    [[nodiscard]] bool enabled() const noexcept {
        return now == stage::alive && (!next.blocked || expired);
    }
    [[nodiscard]] bool waits_on(object_id object) const noexcept {
        return now == stage::alive && next.blocked && !expired && next.object == object;
    }
    [[nodiscard]] bool waits_for_time() const noexcept {
        return now == stage::alive && next.blocked && !expired && next.deadline != no_deadline;
    }
};

}  // namespace twill::inline TWILL_ABI::explore
