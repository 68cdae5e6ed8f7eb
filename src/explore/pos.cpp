#include "pos.hpp"

namespace twill::inline TWILL_ABI::explore {

void pos::begin_run(arena& memory, std::uint64_t seed, const profile& known) noexcept {
    seeded::begin_run(memory, seed, known);
    priority_ = row<std::uint64_t>(memory);
}

void pos::spawned(thread_id child, thread_id /*parent*/) noexcept {
    priority_.resize(child + 1, none);
}

thread_id pos::choose(const choice& at) noexcept {
    thread_id chosen = early_timeout(at);
    if (chosen == no_thread) {
        std::uint64_t best = none;
        for (std::uint32_t i = 0; i != at.count; ++i) {
            std::uint64_t& own = priority_[at.enabled[i]];
            if (own == none) own = dice_.next() | 1;
            if (own > best) {
                best = own;
                chosen = at.enabled[i];
            }
        }
    }
    done(at, chosen);
    return chosen;
}

void pos::done(const choice& at, thread_id chosen) noexcept {
    priority_[chosen] = none;
    for (thread_id t = 0; t != at.thread_count; ++t)
        if (t != chosen && conflict(at.threads[t].next, at.threads[chosen].next))
            priority_[t] = none;
}

}  // namespace twill::inline TWILL_ABI::explore
