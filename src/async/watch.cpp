#include <twill/async/watch.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI::detail {

void watch_place::note_change() noexcept {
    woken_waiters woken;
    {
        std::lock_guard hold(lock_);
        ++changes_;
        while (waiter* const one = waiting_.claim()) {
            auto& asked = *static_cast<question*>(one->slot);
            *asked.seen = changes_;
            asked.changed = true;
            woken.push_back(*one);
        }
    }
    woken.wake_all();
}

void watch_place::close() noexcept {
    woken_waiters woken;
    {
        std::lock_guard hold(lock_);
        closed_ = true;
        while (waiter* const one = waiting_.claim()) woken.push_back(*one);
    }
    woken.wake_all();
}

std::uint64_t watch_place::changes() noexcept {
    std::lock_guard hold(lock_);
    return changes_;
}

bool watch_place::closed() noexcept {
    std::lock_guard hold(lock_);
    return closed_;
}

bool watch_place::take(waiter& who, woken_waiters& /*woken*/) noexcept {
    auto& asked = *static_cast<question*>(who.slot);
    if (*asked.seen == changes_) return closed_;
    *asked.seen = changes_;
    asked.changed = true;
    return true;
}

bool watch_place::queue(waiter& who) noexcept {
    waiting_.push_back(who);
    return false;
}

bool watch_place::cut(waiter& who, woken_waiters& /*woken*/) noexcept { return waiting_.cut(who); }

}  // namespace twill::inline TWILL_ABI::detail
