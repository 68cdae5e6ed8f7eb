// How a program keeps below a quota of CPU time, so that the kernel never stops it.
//
// A control group with a quota may use so much CPU time a period (100 ms as a rule); who has used
// it up stands still, all threads at once, until the period ends: with 1.5 CPUs and two threads
// that compute, 25 ms of every 100, and every request waits for that. So those who compute rest in
// turns, for a few milliseconds at a time, before the kernel makes everybody rest.
//
// A rule without a clock or a kernel: what was seen is handed in.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include <algorithm>
#include <chrono>
#include <limits>

namespace twill::inline TWILL_ABI::detail {

class quota_pace {
public:
    // Less is not worth a sleep; more would be too long for who waits for a lock that the resting
    // thread holds.
    static constexpr duration shortest_rest = std::chrono::milliseconds(2);
    static constexpr duration longest_rest = std::chrono::milliseconds(4);
    // What may be used at once after a time of less use: much less than a period's quota.
    static constexpr duration most_saved = std::chrono::milliseconds(10);
    // Of the quota that is used. The kernel hands it to each CPU in slices, and what is left of one
    // there is lost to the others; how much that is shows in the throttling.
    static constexpr double most_used = 0.97;
    static constexpr double least_used = 0.75;
    static constexpr double step_down = 0.04;
    static constexpr double step_up = 0.005;

    [[nodiscard]] bool limited() const noexcept {
        return quota_ != std::numeric_limits<double>::infinity();
    }
    [[nodiscard]] double quota() const noexcept { return quota_; }
    [[nodiscard]] double share_used() const noexcept { return share_; }
    // In CPUs; infinity: none.
    void set_quota(double cpus) noexcept {
        if (cpus == quota_) return;
        quota_ = cpus;
        share_ = most_used;
        saved_ = duration::zero();
    }

    // In the last while the kernel had to stop the group, or had not.
    void throttled(bool was) noexcept {
        share_ =
            was ? std::max(share_ - step_down, least_used) : std::min(share_ + step_up, most_used);
    }

    // `used`: CPU time so far. `refused`: of what the last call gave, what nobody has rested. Gives
    // for how long one thread that computes is to rest now.
    [[nodiscard]] duration rest_due(time_point at, duration used, duration refused) noexcept {
        const duration passed = at - at_;
        const duration spent = used - used_;
        at_ = at;
        used_ = used;
        // Began, or nobody looked for long: what was used then is past.
        if (passed > longest_gap) {
            saved_ = promised_ = duration::zero();
            return duration::zero();
        }
        const double share = quota_ * share_;
        const duration allowed{
            static_cast<duration::rep>(static_cast<double>(passed.count()) * share)};
        saved_ = std::clamp(saved_ + allowed - spent, -most_owed, most_saved);
        // Of rests that were given some lie ahead.
        promised_ = std::max(promised_ - refused - passed, duration::zero());
        const duration owed = -saved_ - promised_;
        if (owed < shortest_rest) return duration::zero();
        const duration rest = std::min(owed, longest_rest);
        promised_ += rest;
        return rest;
    }

private:
    static constexpr duration longest_gap = std::chrono::milliseconds(50);
    static constexpr duration most_owed = std::chrono::milliseconds(50);

    double quota_ = std::numeric_limits<double>::infinity();
    double share_ = most_used;
    duration saved_{};
    duration promised_{};
    time_point at_{};
    duration used_{};
};

}  // namespace twill::inline TWILL_ABI::detail
