// Priorities with a few random changes: finds each bug that needs `depth` ordered steps with a
// probability that can be given beforehand, 1 / (threads * steps^(depth-1)).
//
// Each thread gets a random priority when it begins, the highest that can run does, and at depth -
// 1 steps of the run, chosen beforehand, the running thread falls below all others. After
// Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler with Probabilistic
// Guarantees of Finding Bugs" (ASPLOS 2010). Fairness, which the paper leaves to yields: who yields
// falls as well, and the engine leaves out those that go round in vain.
#pragma once

#include "seeded.hpp"

namespace twill::inline TWILL_ABI::explore {

class pct final : public seeded {
public:
    static constexpr unsigned most = 16;

    explicit pct(unsigned depth, std::uint32_t timeout_odds = 0) noexcept
        : seeded(timeout_odds), changes_(depth == 0 ? 0 : (depth > most ? most : depth) - 1) {}

    void begin_run(arena& memory, std::uint64_t seed, const profile& known) noexcept override;
    void spawned(thread_id child, thread_id parent) noexcept override;
    thread_id choose(const choice& at) noexcept override;

private:
    // Of a program that has not run yet.
    static constexpr std::uint64_t guessed_steps = 256;

    unsigned changes_;
    std::uint64_t change_at_[most] = {};
    row<std::uint64_t> priority_;  // by thread; larger goes first
    row<std::uint8_t> yields_;     // of each thread, since it last gave way by one
    std::uint8_t yields_borne_ = 0;
    std::uint32_t in_a_row_ = 0;  // steps of one thread, with others waiting for their turn
    std::uint64_t lowest_ = 0;    // below all that were given
};

}  // namespace twill::inline TWILL_ABI::explore
