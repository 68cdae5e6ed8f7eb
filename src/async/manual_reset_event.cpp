#include <twill/async/manual_reset_event.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI {

void manual_reset_event::place::set() noexcept {
    detail::woken_waiters woken;
    {
        std::lock_guard hold(lock_);
        set_.store(true, std::memory_order_release);
        while (detail::waiter* const one = waiting_.claim()) woken.push_back(*one);
    }
    woken.wake_all();
}

void manual_reset_event::place::reset() noexcept {
    std::lock_guard hold(lock_);
    set_.store(false, std::memory_order_relaxed);
}

bool manual_reset_event::place::take(detail::waiter& /*who*/,
                                     detail::woken_waiters& /*woken*/) noexcept {
    return set_.load(std::memory_order_relaxed);
}

bool manual_reset_event::place::queue(detail::waiter& who) noexcept {
    waiting_.push_back(who);
    return false;
}

bool manual_reset_event::place::cut(detail::waiter& who,
                                    detail::woken_waiters& /*woken*/) noexcept {
    return waiting_.cut(who);
}

void manual_reset_event::wait_blocking() {
    detail::thread_waiter::refuse_on_event_thread("co_await wait()");
    if (place_.try_wait()) return;
    detail::thread_waiter self;
    self.wait_at(place_);
}

}  // namespace twill::inline TWILL_ABI
