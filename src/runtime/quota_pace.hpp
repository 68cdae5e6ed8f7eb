// When threads that compute rest, so that the process stays below its CPU quota.
//
// The kernel lets a control group run until its quota for the period (100 ms as a rule) is used up,
// and then stops all of its threads until the next one: those that serve I/O as well. Two threads
// that compute under a quota of 1.5 CPUs bring that about in each period, for 25 ms. If those that
// compute rest now and then instead, a little at a time, the rest runs on.
//
// The rule is a bucket that holds CPU time. It fills at the quota's rate, less a margin, and what
// the process has used, all threads together, is taken from it. Who looks and finds less than
// nothing in it rests for as long as that takes to fill up again, within bounds. What somebody who
// rests is about to save counts as saved at once, so that no more rest than are needed.
#pragma once

#include <twill/core/time.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace twill::inline TWILL_ABI::detail {

class quota_pace {
public:
    // What may be saved up: how much of a burst the margin of a period must make good for.
    static constexpr duration most_saved = std::chrono::milliseconds(2);
    // More than that is not paid back: it is over with the period.
    static constexpr duration most_owed = std::chrono::milliseconds(20);
    // Of the quota. It pays for what others in the group use, and for what the kernel has handed
    // out to a CPU that does not use it.
    static constexpr double margin = 0.05;
    static constexpr duration shortest_rest = std::chrono::microseconds(500);
    // Who rests may hold a lock.
    static constexpr duration longest_rest = std::chrono::milliseconds(4);

    // CPUs; infinity: none.
    void set(double quota) noexcept { rate_ = std::isfinite(quota) ? quota * (1 - margin) : 0; }

    // At `at` the process has used so much CPU time since it began. Gives how long the caller, who
    // computes, is to rest; he says when that is `over`.
    [[nodiscard]] duration look(time_point at, duration used) noexcept {
        const duration passed = at - at_;
        const duration spent = used - used_;
        at_ = at;
        used_ = used;
        // A pause saves up no more than that.
        if (rate_ == 0 || passed > most_owed) {
            level_ = most_saved;
            return duration::zero();
        }
        const auto filled =
            std::chrono::duration_cast<duration>(std::chrono::duration<double>(passed) * rate_);
        level_ = std::clamp(level_ + filled - spent, -most_owed, most_saved);
        const duration missing = -(level_ + booked_);
        if (missing <= duration::zero()) return duration::zero();
        const duration rest = std::clamp(missing, shortest_rest, longest_rest);
        booked_ += rest;
        return rest;
    }
    void over(duration rest) noexcept { booked_ -= rest; }

private:
    double rate_ = 0;
    time_point at_{};
    duration used_{};
    duration level_{};
    duration booked_{};
};

}  // namespace twill::inline TWILL_ABI::detail
