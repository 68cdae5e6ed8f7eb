// The plainest strategy: at each step, anybody who can run, with equal chances.
#pragma once

#include <twill/core/random.hpp>

#include "strategy.hpp"

namespace twill::inline TWILL_ABI::explore {

class random_walk final : public strategy {
public:
    // One step in `timeout_odds` lets a deadline pass early; 0: never while others can run.
    explicit random_walk(std::uint32_t timeout_odds = 0) noexcept : timeout_odds_(timeout_odds) {}

    void begin_run(std::uint64_t seed, const profile& /*known*/) noexcept override {
        dice_ = random_source(seed);
    }
    thread_id choose(const choice& at) noexcept override {
        if (at.timed_count != 0 && timeout_odds_ != 0 && dice_.below(timeout_odds_) == 0)
            return at.timed[dice_.below(at.timed_count)];
        return at.count == 1 ? at.enabled[0] : at.enabled[dice_.below(at.count)];
    }
    std::uint32_t pick(thread_id /*thread*/, std::uint32_t /*index*/,
                       std::uint32_t options) noexcept override {
        return dice_.below(options);
    }

private:
    random_source dice_{0};
    std::uint32_t timeout_odds_;
};

}  // namespace twill::inline TWILL_ABI::explore
