// The plainest strategy: at each step, anybody who can run, with equal chances.
#pragma once

#include "seeded.hpp"

namespace twill::inline TWILL_ABI::explore {

class random_walk final : public seeded {
public:
    explicit random_walk(std::uint32_t timeout_odds = 0) noexcept : seeded(timeout_odds) {}

    thread_id choose(const choice& at) noexcept override {
        if (const thread_id early = early_timeout(at); early != no_thread) return early;
        return at.count == 1 ? at.enabled[0] : at.enabled[dice_.below(at.count)];
    }
};

}  // namespace twill::inline TWILL_ABI::explore
