// Uniform random walk: samples interleavings, not steps, with equal chances.
//
// A walk that tosses a coin at each step strongly prefers some interleavings: of a thread with one
// step and one with a hundred, the first is over at once. Choosing each thread with a probability
// proportional to the number of steps that it, and those it has yet to start, still have to do
// makes all interleavings equally probable, as far as the last run foretells those numbers. After
// Zhao, Zhang, Sun and others, "Selectively Uniform Concurrency Testing" (ASPLOS 2025). The first
// run, which knows nothing, is a plain random walk.
#pragma once

#include "seeded.hpp"

namespace twill::inline TWILL_ABI::explore {

class urw final : public seeded {
public:
    explicit urw(std::uint32_t timeout_odds = 0) noexcept : seeded(timeout_odds) {}

    void begin_run(arena& memory, std::uint64_t seed, const profile& known) noexcept override;
    void spawned(thread_id child, thread_id parent) noexcept override;
    thread_id choose(const choice& at) noexcept override;

private:
    [[nodiscard]] std::uint64_t foretold(thread_id thread) const noexcept;

    std::uint64_t total_[profile::tracked] = {};  // of each thread and those below it
    row<std::uint64_t> left_;
};

}  // namespace twill::inline TWILL_ABI::explore
