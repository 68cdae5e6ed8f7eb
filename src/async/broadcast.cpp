#include <twill/async/broadcast.hpp>
#include <twill/core/error.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI::detail {

broadcast_place::broadcast_place(std::size_t capacity) : two_phase_place(lock_) {
    if (capacity == 0)
        throw usage_error(
            "broadcast of capacity 0: its messages would be gone before anybody gets them; keep at "
            "least one");
    kept_.resize(capacity);
}

bool broadcast_place::send(const message& what) noexcept {
    message oldest;  // freed after the lock
    woken_waiters woken;
    {
        std::lock_guard hold(lock_);
        if (closed_) return false;
        oldest = std::exchange(at(next_), what);
        ++next_;
        while (waiter* const one = waiting_.claim()) {
            auto& asked = *static_cast<request*>(one->slot);
            asked.got = what;
            *asked.position = next_;
            woken.push_back(*one);
        }
    }
    woken.wake_all();
    return true;
}

void broadcast_place::close() noexcept {
    woken_waiters woken;
    {
        std::lock_guard hold(lock_);
        closed_ = true;
        while (waiter* const one = waiting_.claim()) woken.push_back(*one);
    }
    woken.wake_all();
}

bool broadcast_place::closed() noexcept {
    std::lock_guard hold(lock_);
    return closed_;
}

std::uint64_t broadcast_place::next() noexcept {
    std::lock_guard hold(lock_);
    return next_;
}

bool broadcast_place::take(waiter& who, woken_waiters& /*woken*/) noexcept {
    auto& asked = *static_cast<request*>(who.slot);
    std::uint64_t& position = *asked.position;
    if (position == next_) return closed_;
    if (next_ - position > kept_.size()) {
        asked.missed = next_ - kept_.size() - position;
        position += asked.missed;
    }
    asked.got = at(position);
    ++position;
    return true;
}

bool broadcast_place::queue(waiter& who) noexcept {
    waiting_.push_back(who);
    return false;
}

bool broadcast_place::cut(waiter& who, woken_waiters& /*woken*/) noexcept {
    return waiting_.cut(who);
}

}  // namespace twill::inline TWILL_ABI::detail
