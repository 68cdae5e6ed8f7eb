// What the strategies that throw dice have in common.
#pragma once

#include <twill/core/random.hpp>

#include "strategy.hpp"

namespace twill::inline TWILL_ABI::explore {

class seeded : public strategy {
public:
    void begin_run(arena& /*memory*/, std::uint64_t seed,
                   const profile& /*known*/) noexcept override {
        dice_ = random_source(seed);
    }
    std::uint32_t pick(const outcome_choice& what) noexcept override {
        return dice_.below(what.options);
    }

protected:
    // One step in `timeout_odds` lets a deadline pass while others could run; 0: none does.
    explicit seeded(std::uint32_t timeout_odds) noexcept : timeout_odds_(timeout_odds) {}
    ~seeded() = default;

    // Whose deadline passes now, or no_thread.
    thread_id early_timeout(const choice& at) noexcept {
        if (timeout_odds_ == 0 || at.timed_count == 0 || dice_.below(timeout_odds_) != 0)
            return no_thread;
        return at.timed[dice_.below(at.timed_count)];
    }

    random_source dice_{0};

private:
    std::uint32_t timeout_odds_;
};

}  // namespace twill::inline TWILL_ABI::explore
