// How much a parallel region could gain from more cores.
//
//     const twill::work_span seen = twill::par::profile([&] { render(scene); });
//     std::printf("on 16 cores %.1f to %.1f times as fast\n", seen.speedup_at_least(16),
//                 seen.speedup_at_most(16));
//
// The figures are those of Cilkview (He, Leiserson and Leiserson, "The Cilkview Scalability
// Analyzer", SPAA 2010), for a scheduler with heartbeats.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include <algorithm>

namespace twill::inline TWILL_ABI {

struct work_span {
    // All that was done: how long one core takes.
    duration work{};
    // The longest chain of things that had to wait for each other: how long any number of cores
    // would take if giving work away cost nothing.
    duration span{};
    // The same with what giving away costs: 0.1 ms, a beat, for each branch on the chain that
    // another core would have to take; branches that are too small for that stay where they are.
    duration burdened_span{};

    // How many cores could be kept busy.
    [[nodiscard]] double parallelism() const noexcept { return ratio(span); }
    [[nodiscard]] double burdened_parallelism() const noexcept { return ratio(burdened_span); }

    // How many times faster than one core so many should be. At most: limited by the cores and by
    // the span. At least: while the burdened span lasts one core works, and all of them share the
    // rest (Brent's bound).
    [[nodiscard]] double speedup_at_most(unsigned cores) const noexcept {
        return std::min(static_cast<double>(cores), parallelism());
    }
    [[nodiscard]] double speedup_at_least(unsigned cores) const noexcept {
        return ratio(burdened_span + (work - burdened_span) / cores);
    }

private:
    [[nodiscard]] double ratio(duration to) const noexcept {
        return to <= duration::zero()
                   ? 1.0
                   : static_cast<double>(work.count()) / static_cast<double>(to.count());
    }
};

}  // namespace twill::inline TWILL_ABI
