#include <twill/async/auto_reset_event.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI {

void auto_reset_event::place::set() noexcept {
    detail::woken_waiters woken;
    {
        std::lock_guard hold(lock_);
        if (detail::waiter* const first = waiting_.claim())
            woken.push_back(*first);
        else
            set_.store(true, std::memory_order_release);
    }
    woken.wake_all();
}

bool auto_reset_event::place::take(detail::waiter& /*who*/,
                                   detail::woken_waiters& /*woken*/) noexcept {
    return set_.exchange(false, std::memory_order_acquire);
}

bool auto_reset_event::place::queue(detail::waiter& who) noexcept {
    waiting_.push_back(who);
    return false;
}

bool auto_reset_event::place::cut(detail::waiter& who, detail::woken_waiters& /*woken*/) noexcept {
    return waiting_.cut(who);
}

void auto_reset_event::wait_blocking() {
    detail::thread_waiter::refuse_on_event_thread("co_await wait()");
    if (try_wait()) return;
    detail::thread_waiter self;
    self.wait_at(place_);
}

}  // namespace twill::inline TWILL_ABI
