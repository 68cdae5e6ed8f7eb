#include "urw.hpp"

namespace twill::inline TWILL_ABI::explore {

void urw::begin_run(arena& memory, std::uint64_t seed, const profile& known) noexcept {
    seeded::begin_run(memory, seed, known);
    left_ = row<std::uint64_t>(memory);
    for (std::uint32_t i = 0; i != profile::tracked; ++i) total_[i] = known.steps_of[i];
    // A thread is younger than its parent, so this adds up whole subtrees.
    for (std::uint32_t i = profile::tracked - 1; i != 0; --i)
        if (known.steps_of[i] != 0 && known.parent_of[i] < i)
            total_[known.parent_of[i]] += total_[i];
}

std::uint64_t urw::foretold(thread_id thread) const noexcept {
    // Those beyond the last one tracked are told apart by nothing.
    return thread < profile::tracked - 1 && total_[thread] != 0 ? total_[thread] : 1;
}

void urw::spawned(thread_id child, thread_id parent) noexcept {
    left_.resize(child + 1);
    left_[child] = foretold(child);
    if (parent == no_thread) return;
    std::uint64_t& above = left_[parent];
    above = above > left_[child] ? above - left_[child] : 1;
}

thread_id urw::choose(const choice& at) noexcept {
    thread_id chosen = early_timeout(at);
    if (chosen == no_thread) {
        std::uint64_t sum = 0;
        for (std::uint32_t i = 0; i != at.count; ++i) sum += left_[at.enabled[i]];
        std::uint64_t ticket = dice_.next() % sum;
        std::uint32_t i = 0;
        for (; ticket >= left_[at.enabled[i]]; ++i) ticket -= left_[at.enabled[i]];
        chosen = at.enabled[i];
    }
    // One that runs longer than foretold stays in the lottery.
    if (left_[chosen] > 1) --left_[chosen];
    return chosen;
}

}  // namespace twill::inline TWILL_ABI::explore
