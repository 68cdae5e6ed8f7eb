#include <twill/async/detail/waiter.hpp>
#include <twill/core/error.hpp>
#include <twill/runtime/blocked_section.hpp>
#include <twill/runtime/detail/event_worker.hpp>

#include <string>

namespace twill::inline TWILL_ABI::detail {

void thread_waiter::block() noexcept {
    const blocked_section others_may_compute;
    while (ended_.load(std::memory_order_acquire) == 0) ended_.wait(0, std::memory_order_relaxed);
}

void thread_waiter::refuse_on_event_thread(const char* instead) {
    if (event_worker::of_this_thread() == nullptr) return;
    throw usage_error(std::string("a call that may block, on a thread that runs tasks, which would "
                                  "all wait for it: use ") +
                      instead);
}

}  // namespace twill::inline TWILL_ABI::detail
