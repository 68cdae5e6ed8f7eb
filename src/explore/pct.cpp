#include "pct.hpp"

namespace twill::inline TWILL_ABI::explore {
namespace {

// Priorities at birth are above it, those after a fall below.
constexpr std::uint64_t ground = std::uint64_t{1} << 63;

}  // namespace

void pct::begin_run(arena& memory, std::uint64_t seed, const profile& known) noexcept {
    seeded::begin_run(memory, seed, known);
    priority_ = row<std::uint64_t>(memory);
    yields_ = row<std::uint8_t>(memory);
    // A loop that yields a few times before it sleeps should come so far in some of the runs.
    constexpr std::uint8_t some = 8;
    yields_borne_ = dice_.below(2) == 0 ? 0 : some;
    lowest_ = ground;
    in_a_row_ = 0;
    const std::uint64_t steps = known.steps == 0 ? guessed_steps : known.steps;
    for (unsigned i = 0; i != changes_; ++i) change_at_[i] = dice_.next() % steps;
}

void pct::spawned(thread_id child, thread_id /*parent*/) noexcept {
    priority_.resize(child + 1);
    priority_[child] = ground | dice_.next();
    yields_.resize(child + 1);
}

thread_id pct::choose(const choice& at) noexcept {
    if (const thread_id early = early_timeout(at); early != no_thread) return early;
    const thread_id before = at.current;
    if (before != no_thread && at.threads[before].next.kind == op_kind::yield &&
        yields_[before]++ == yields_borne_) {
        priority_[before] = --lowest_;
        yields_[before] = 0;
    }
    const auto highest = [&] {
        thread_id best = at.enabled[0];
        for (std::uint32_t i = 1; i != at.count; ++i)
            if (priority_[at.enabled[i]] > priority_[best]) best = at.enabled[i];
        return best;
    };
    thread_id chosen = highest();
    // A loop that writes is no spin loop; but it may wait for those behind it all the same.
    constexpr std::uint32_t long_enough = 1000;
    in_a_row_ = chosen == before && at.count > 1 ? in_a_row_ + 1 : 0;
    if (in_a_row_ == long_enough) {
        priority_[chosen] = --lowest_;
        chosen = highest();
        in_a_row_ = 0;
    }
    for (unsigned i = 0; i != changes_; ++i)
        if (change_at_[i] == at.step) {
            priority_[chosen] = --lowest_;
            chosen = highest();
        }
    return chosen;
}

}  // namespace twill::inline TWILL_ABI::explore
