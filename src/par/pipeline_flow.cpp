#include <twill/par/detail/pipeline_flow.hpp>

#include <twill/runtime/blocked_section.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI {
namespace detail {

pipeline_flow::pipeline_flow(std::size_t tokens, std::span<const bool> serial) : tokens_(tokens) {
    for (const bool is_serial : serial) {
        stage& made = stages_.emplace_back();
        made.serial = is_serial;
        if (is_serial) made.waiting.assign(tokens, none);
    }
    for (std::size_t token = tokens; token-- != 0;) free_.push_back(token);
}

bool pipeline_flow::take(step& next) noexcept {
    std::unique_lock hold(lock_);
    while (!ended_ && !find(next)) {
        const std::uint32_t seen = changes_.load(std::memory_order_relaxed);
        ++idle_;
        hold.unlock();
        {
            const blocked_section others_may_compute;
            changes_.wait(seen);
        }
        hold.lock();
        --idle_;
    }
    return !ended_;
}

bool pipeline_flow::find(step& next) noexcept {
    for (std::size_t s = stages_.size(); --s != 0;) {
        stage& at = stages_[s];
        if (!at.serial || at.busy) continue;
        std::size_t& first = at.waiting[at.turn % tokens_];
        if (first == none) continue;
        next = {s, first, at.turn};
        first = none;
        at.busy = true;
        return true;
    }
    if (!source_can_begin()) return false;
    next = {0, free_.back(), stages_[0].turn};
    free_.pop_back();
    stages_[0].busy = true;
    return true;
}

bool pipeline_flow::source_can_begin() const noexcept {
    return !exhausted_ && !stages_[0].busy && !free_.empty();
}

bool pipeline_flow::finish(step& done, bool produced) noexcept {
    const std::lock_guard hold(lock_);
    stage& left = stages_[done.stage];
    if (left.serial) {
        left.busy = false;
        if (produced) ++left.turn;
    }
    if (done.stage == 0 && !produced) exhausted_ = true;
    if (!produced || done.stage + 1 == stages_.size()) {
        free_.push_back(done.token);
        if (exhausted_ && free_.size() == tokens_) ended_ = true;
        change(ended_);
        return false;
    }
    ++done.stage;
    const bool goes_on = enter(done);
    // Behind it the next value may come to its turn, or the source may begin. A thread that goes on
    // with its token leaves that to others; one that does not looks for itself.
    if (goes_on && left.serial) change(false);
    return goes_on && !ended_;
}

bool pipeline_flow::enter(step& at) noexcept {
    stage& next = stages_[at.stage];
    if (!next.serial) return true;
    if (next.busy || next.turn != at.sequence) {
        next.waiting[at.sequence % tokens_] = at.token;
        return false;
    }
    next.busy = true;
    return true;
}

void pipeline_flow::fail() noexcept {
    const std::lock_guard hold(lock_);
    ended_ = true;
    change(true);
}

void pipeline_flow::change(bool all) noexcept {
    if (idle_ == 0) return;
    changes_.fetch_add(1, std::memory_order_relaxed);
    if (all)
        changes_.notify_all();
    else
        changes_.notify_one();
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
