// When threads of low weight are starved, and when a low weight will do again. Rules without a
// clock or a kernel: what was seen is handed in.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include <algorithm>

namespace twill::inline TWILL_ABI::detail {

// For one thread: over the limit it was ready to run whenever somebody looked, and ran for less
// than a tenth of the time.
class starvation {
public:
    static constexpr int least_share = 10;

    explicit constexpr starvation(duration limit) noexcept : limit_(limit) {}

    // From here on it counts. `ran`: its CPU time in all.
    void begin(time_point at, duration ran) noexcept {
        since_ = at;
        ran_ = ran;
    }
    // Ran for so little that it is worth asking whether it was ready to run; if not, `begin` again.
    [[nodiscard]] bool suspected(time_point at, duration ran) const noexcept {
        return (ran - ran_) * least_share < at - since_;
    }
    // It ran, or was ready to, since `begin`. True once a limit.
    [[nodiscard]] bool found(time_point at, duration ran) noexcept {
        if (at - since_ < limit_) return false;
        const bool starved = suspected(at, ran);
        begin(at, ran);
        return starved;
    }

private:
    duration limit_;
    time_point since_{};
    duration ran_{};
};

// For all threads of a lane. A thread of low weight cannot be raised in mid-call, so a mistake is
// dear: a call that has begun on a starved thread stays there. So the way back is slow: it needs a
// look of ten limits (a second) in which the threads of normal weight that work instead hardly
// waited for a CPU, and after each time that it did not last, twice as long a stay.
class weight_rule {
public:
    explicit constexpr weight_rule(duration limit) noexcept : limit_(limit) {}

    static constexpr int look = 10;  // in limits, as the next two
    static constexpr int longest_stay = 640;
    // A return that lasted so long was no mistake.
    static constexpr int lasting = 100;

    [[nodiscard]] bool low() const noexcept { return low_; }

    void starved(time_point at) noexcept {
        if (!low_) return;
        const bool mistake = returned_ != never && at - returned_ < lasting * limit_;
        stay_ = mistake ? std::min(2 * stay_, longest_stay * limit_) : look * limit_;
        low_ = false;
        left_ = looked_ = at;
    }

    [[nodiscard]] bool due(time_point at) const noexcept {
        return !low_ && at - looked_ >= look * limit_;
    }
    // Due; since the last look the threads of normal weight ran for `ran` and were ready to run,
    // and did not, for `waited`.
    void seen(time_point at, duration ran, duration waited) noexcept {
        looked_ = at;
        const bool little_to_go_by = ran + waited < limit_ / 2;
        if (little_to_go_by || 3 * waited > ran || at - left_ < stay_) return;
        low_ = true;
        returned_ = at;
    }

private:
    duration limit_;
    bool low_ = true;
    duration stay_{};
    time_point left_{};
    time_point looked_{};
    time_point returned_ = never;
};

}  // namespace twill::inline TWILL_ABI::detail
