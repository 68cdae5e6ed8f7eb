// Partial order sampling: a random priority for each *operation*, drawn anew when a conflicting one
// was done before it. It wastes fewer runs than a random walk on orders that make no difference.
// After Yuan, Yang and Gu, "Partial Order Aware Concurrency Sampling" (CAV 2018).
#pragma once

#include "seeded.hpp"

namespace twill::inline TWILL_ABI::explore {

class pos final : public seeded {
public:
    explicit pos(std::uint32_t timeout_odds = 0) noexcept : seeded(timeout_odds) {}

    void begin_run(arena& memory, std::uint64_t seed, const profile& known) noexcept override;
    void spawned(thread_id child, thread_id parent) noexcept override;
    thread_id choose(const choice& at) noexcept override;

private:
    static constexpr std::uint64_t none = 0;

    void done(const choice& at, thread_id chosen) noexcept;

    row<std::uint64_t> priority_;  // of what each thread does next; `none`: to be drawn
};

}  // namespace twill::inline TWILL_ABI::explore
