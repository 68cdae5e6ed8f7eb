#include "depth_first.hpp"

namespace twill::inline TWILL_ABI::explore {

void depth_first::begin_run(arena& /*memory*/, std::uint64_t /*seed*/,
                            const profile& /*known*/) noexcept {
    depth_ = 0;
    spent_ = 0;
    asleep_ = 0;
}

// Follows the path as far as it goes, and makes it longer by first options.
std::uint32_t depth_first::decide(std::uint32_t options) noexcept {
    if (options < 2) return 0;
    if (depth_ == search_path::longest) {
        path_.truncated = true;
        return 0;
    }
    if (depth_ == path_.length)
        path_.nodes[path_.length++] = {0, static_cast<std::uint16_t>(options)};
    return path_.nodes[depth_++].tried;
}

thread_id depth_first::choose(const choice& at) noexcept {
    const bool bounded = bound_ != unbounded;
    if (bounded && at.preempts && spent_ == bound_) return at.current;

    // The options in order: who runs already, the others that can, and those that wait for time.
    // Fewer than 64 are awake.
    thread_id options[64];
    std::uint32_t count = 0;
    const auto add = [&](thread_id thread) {
        if (count != 64 && (bit(thread) & asleep_) == 0) options[count++] = thread;
    };
    const auto is_current = [&](thread_id thread) { return thread == at.current; };
    for (std::uint32_t i = 0; i != at.count; ++i)
        if (is_current(at.enabled[i])) add(at.enabled[i]);
    for (std::uint32_t i = 0; i != at.count; ++i)
        if (!is_current(at.enabled[i])) add(at.enabled[i]);
    const std::uint32_t prompt = count;
    if (early_timeouts_ && (!bounded || spent_ != bound_ || prompt == 0))
        for (std::uint32_t i = 0; i != at.timed_count; ++i) add(at.timed[i]);
    if (count == 0) return no_thread;

    const std::uint32_t option = decide(count);
    const thread_id chosen = options[option];
    if ((at.preempts && chosen != at.current) || (prompt != 0 && option >= prompt)) ++spent_;
    if (!bounded) {
        threads before = 0;
        for (std::uint32_t i = 0; i != option; ++i) before |= bit(options[i]);
        fall_asleep(at, chosen, before);
    }
    return chosen;
}

// Of those asleep, and those tried here before, the ones whose step commutes with the chosen one.
void depth_first::fall_asleep(const choice& at, thread_id chosen, threads tried_before) noexcept {
    threads then = 0;
    for (thread_id t = 0; t != at.thread_count && t != 64; ++t) {
        if ((bit(t) & (asleep_ | tried_before)) == 0 || t == chosen) continue;
        // What time does to a thread depends on everybody.
        const bool timed = at.threads[t].next.deadline != no_deadline ||
                           at.threads[chosen].next.deadline != no_deadline;
        if (!timed && !conflict(at.threads[t].next, at.threads[chosen].next)) then |= bit(t);
    }
    asleep_ = then;
}

std::uint32_t depth_first::pick(const outcome_choice& what) noexcept {
    if (bound_ == unbounded || !what.unlikely) return decide(what.options);
    if (spent_ == bound_) return 0;
    const std::uint32_t option = decide(what.options);
    if (option != 0) ++spent_;
    return option;
}

bool depth_first::end_run() noexcept {
    while (path_.length != 0) {
        search_path::node& last = path_.nodes[path_.length - 1];
        if (++last.tried != last.options) return true;
        --path_.length;
    }
    return false;
}

}  // namespace twill::inline TWILL_ABI::explore
