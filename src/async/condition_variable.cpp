#include <twill/async/condition_variable.hpp>
#include <twill/core/error.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI {
namespace detail {
void condition::notify(bool all) noexcept {
    woken_waiters woken;
    {
        std::lock_guard hold(lock_);
        while (waiter* const one = waiting_.claim()) {
            woken.push_back(*one);
            if (!all) break;
        }
    }
    woken.wake_all();
}

bool condition::take_or_queue(waiter& who, woken_waiters& /*woken*/) noexcept {
    waiting_.push_back(who);
    return false;
}

bool condition::cut(waiter& who, woken_waiters& /*woken*/) noexcept { return waiting_.cut(who); }

bool condition_wait::start() noexcept {
    permits& mutex = *from_;
    const std::uint64_t n = again_.amount;
    {
        std::lock_guard hold(at_->lock());
        if (now_is == state::cut) return true;  // still with the mutex
        woken_waiters none;
        static_cast<void>(at_->take_or_queue(*this, none));
    }
    // It may be notified from here on, and gone once the mutex is free.
    mutex.give_back(n);
    return false;
}

void condition_wait::cancel() noexcept {
    bool waited = false;
    {
        std::lock_guard hold(at_->lock());
        woken_waiters none;
        waited = at_->cut(*this, none);
    }
    if (waited) lock_again();
}

// By whoever ended the wait for the notification.
void condition_wait::lock_again() noexcept {
    {
        std::lock_guard hold(from_->lock());
        woken_waiters none;
        if (!from_->take_or_queue(again_, none)) return;
    }
    complete();
}

void condition_wait::notified(waiter& self) noexcept {
    static_cast<condition_wait&>(self).lock_again();
}

void condition_wait::locked(waiter& again) noexcept {
    static_cast<relock&>(again).self->complete();
}

}  // namespace detail

void condition_variable::refuse_empty(const mutex_guard& guard) {
    if (guard.held_.from() == nullptr)
        throw usage_error("a wait for a condition with a guard that holds no mutex: lock it first");
}

detail::conditional condition_variable::wait(mutex_guard& guard) {
    refuse_empty(guard);
    return {&condition_, &guard.held_};
}

bool condition_variable::wait_blocking_until(mutex_guard& guard, time_point deadline) {
    constexpr const char* instead = "co_await wait()";
    refuse_empty(guard);
    detail::thread_waiter::refuse_on_event_thread(instead);
    detail::permits& mutex = *guard.held_.from();
    const std::uint64_t n = guard.held_.count();
    detail::thread_waiter self;
    {
        std::lock_guard hold(condition_.lock());
        detail::woken_waiters none;
        static_cast<void>(condition_.take_or_queue(self, none));
    }
    mutex.give_back(n);
    const bool notified = self.block(condition_, deadline);
    mutex.take_blocking(n, instead);
    return notified;
}

}  // namespace twill::inline TWILL_ABI
