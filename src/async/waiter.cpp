#include <twill/async/detail/waiter.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI::detail {

bool take_now(two_phase_place& at, waiter& who) noexcept {
    woken_waiters woken;
    bool taken = false;
    {
        std::lock_guard hold(at.lock());
        taken = at.take(who, woken);
    }
    woken.wake_all();
    return taken;
}

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

}  // namespace twill::inline TWILL_ABI::detail
