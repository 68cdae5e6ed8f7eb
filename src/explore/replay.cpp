#include "replay.hpp"

namespace twill::inline TWILL_ABI::explore {

void replay::begin_run(arena& /*memory*/, std::uint64_t /*seed*/,
                       const profile& /*known*/) noexcept {
    diverged_ = false;
    at_ = 0;
    first_ = 0;
}

thread_id replay::choose(const choice& at) noexcept {
    const auto& stretches = what_.stretches;
    const auto done = [&](const stretch& each) {
        return each.thread < at.thread_count && at.threads[each.thread].steps >= each.until;
    };
    const auto possible = [&](thread_id thread) {
        return at.can_run(thread) ||
               (thread < at.thread_count && at.threads[thread].waits_for_time());
    };
    if (at_ < stretches.size() && !done(stretches[at_]) && possible(stretches[at_].thread))
        return stretches[at_].thread;
    while (first_ < stretches.size() && done(stretches[first_])) ++first_;
    for (at_ = first_; at_ < stretches.size(); ++at_) {
        const stretch& each = stretches[at_];
        if (done(each)) continue;
        if (possible(each.thread)) return each.thread;
        // In the schedule this thread ran now.
        diverged_ = true;
        if (strictly_ == how::strict) break;
    }
    if (strictly_ == how::strict && !stretches.empty() && first_ == stretches.size())
        diverged_ = true;  // it should have been over
    // One that could run but goes round in vain is not among those that are offered.
    for (std::uint32_t i = 0; i != at.count; ++i)
        if (at.enabled[i] == at.current) return at.current;
    return at.enabled[0];
}

std::uint32_t replay::pick(const outcome_choice& what) noexcept {
    for (const picked& each : what_.values)
        if (each.thread == what.thread && each.index == what.index) {
            if (each.option < what.options) return each.option;
            diverged_ = true;
        }
    return 0;
}

}  // namespace twill::inline TWILL_ABI::explore
