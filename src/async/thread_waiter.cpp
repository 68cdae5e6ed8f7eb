// The blocking faces, apart from the rest, which models of it do without.
#include <twill/async/detail/permits.hpp>
#include <twill/async/detail/waiter.hpp>
#include <twill/core/error.hpp>
#include <twill/runtime/blocked_section.hpp>
#include <twill/runtime/detail/event_worker.hpp>

#include <mutex>
#include <string>

namespace twill::inline TWILL_ABI::detail {

void thread_waiter::block() noexcept {
    const blocked_section others_may_compute;
    while (ended_.load(std::memory_order_acquire) == 0) ended_.wait(0, std::memory_order_relaxed);
}

void thread_waiter::refuse_on_event_thread(const char* instead) {
    if (!event_worker::on_this_thread()) return;
    throw usage_error(std::string("a call that may block, on a thread that runs tasks, which would "
                                  "all wait for it: use ") +
                      instead);
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

void permits::take_blocking(std::uint64_t n, const char* instead) {
    thread_waiter::refuse_on_event_thread(instead);
    if (try_take(n)) return;
    thread_waiter self;
    self.amount = n;
    self.wait_at(*this);
}

}  // namespace twill::inline TWILL_ABI::detail
