#include <twill/async/detail/waiter.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI::detail {

bool place_wait::start() noexcept {
    woken_waiters woken;
    bool complete_already = true;
    {
        std::lock_guard hold(at_->lock());
        if (now_is != state::cut) {
            complete_already = at_->take_or_queue(*this, woken);
            if (complete_already) now_is = state::granted;
        }
    }
    // If it was queued, it may be gone.
    woken.wake_all();
    return complete_already;
}

void place_wait::cancel() noexcept {
    woken_waiters woken;
    bool waited = false;
    {
        std::lock_guard hold(at_->lock());
        waited = at_->cut(*this, woken);
    }
    woken.wake_all();
    if (waited) complete();
}

void thread_waiter::end(waiter& self) noexcept {
    auto& ended = static_cast<thread_waiter&>(self).ended_;
    // Release pairs with the acquire in `block`. The waiter may be gone after it: then the kernel
    // finds nobody at this address, or wakes for nothing one who looks again.
    ended.store(1, std::memory_order_release);
    ended.notify_one();
}

void thread_waiter::wait_at(wait_place& at) noexcept {
    woken_waiters woken;
    bool complete_already = false;
    {
        std::lock_guard hold(at.lock());
        complete_already = at.take_or_queue(*this, woken);
    }
    woken.wake_all();
    if (!complete_already) block();
}

}  // namespace twill::inline TWILL_ABI::detail
