// The blocking faces, apart from the rest, which models of it do without.
#include <twill/async/detail/permits.hpp>
#include <twill/async/detail/waiter.hpp>
#include <twill/core/error.hpp>
#include <twill/runtime/blocked_section.hpp>
#include <twill/runtime/detail/event_worker.hpp>

#include <runtime/futex.hpp>

#include "draining.hpp"

#include <mutex>
#include <string>

namespace twill::inline TWILL_ABI::detail {

namespace {
constexpr std::uint32_t awake = 0, told = 1, asleep = 2;
}

bool sleeper::sleep(time_point until) noexcept {
    if (state_.load(std::memory_order_acquire) == told) return true;
    const blocked_section others_may_compute;
    std::uint32_t seen = awake;
    // Whoever tells it sees that it sleeps, or it sees here that it was told.
    state_.compare_exchange_strong(seen, asleep, std::memory_order_acquire);
    while (state_.load(std::memory_order_acquire) != told) {
        if (until != never && now() >= until) return false;
        futex_wait(state_, asleep, until);
    }
    return true;
}

void sleeper::wake() noexcept {
    // Release pairs with the acquires in `sleep`. The sleeper may be gone after it: then the kernel
    // finds nobody at this address, or wakes for nothing one who looks again.
    if (state_.exchange(told, std::memory_order_release) == asleep) futex_wake_one(&state_);
}

void thread_waiter::refuse_on_event_thread(const char* instead) {
    if (!event_worker::on_this_thread() && !drains_a_main_loop()) return;
    throw usage_error(std::string("a call that may block, on a thread that runs tasks, which would "
                                  "all wait for it: use ") +
                      instead);
}

void thread_waiter::end(waiter& self) noexcept { static_cast<thread_waiter&>(self).self_.wake(); }

bool thread_waiter::wait_at(wait_place& at, time_point until) noexcept {
    woken_waiters woken;
    bool complete_already = false;
    {
        std::lock_guard hold(at.lock());
        complete_already = at.take_or_queue(*this, woken);
    }
    woken.wake_all();
    return complete_already || block(at, until);
}

bool thread_waiter::block(wait_place& at, time_point until) noexcept {
    if (self_.sleep(until)) return true;
    woken_waiters others;
    bool waited = false;
    {
        std::lock_guard hold(at.lock());
        waited = at.cut(*this, others);
    }
    others.wake_all();
    if (!waited) self_.sleep();  // it was granted meanwhile, and is about to be woken
    return !waited;
}

void permits::take_blocking(std::uint64_t n, const char* instead) {
    thread_waiter::refuse_on_event_thread(instead);
    if (try_take(n)) return;
    thread_waiter self;
    self.amount = n;
    self.wait_at(*this);
}

}  // namespace twill::inline TWILL_ABI::detail
