#include <twill/async/barrier.hpp>
#include <twill/core/error.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI {

void barrier::gate::next_phase(detail::woken_waiters& woken) noexcept {
    missing_ = parties_;
    while (detail::waiter* const one = waiting_.claim()) woken.push_back(*one);
}

bool barrier::gate::take_or_queue(detail::waiter& who, detail::woken_waiters& woken) noexcept {
    who.amount = 0;
    if (missing_ == 0) missing_ = 1;  // all parties have left: nobody is waited for
    if (--missing_ != 0) {
        waiting_.push_back(who);
        return false;
    }
    who.amount = 1;
    next_phase(woken);
    return true;
}

bool barrier::gate::cut(detail::waiter& who, detail::woken_waiters& /*woken*/) noexcept {
    if (!waiting_.cut(who)) return false;
    ++missing_;
    return true;
}

void barrier::gate::drop() {
    detail::woken_waiters woken;
    {
        std::lock_guard hold(lock_);
        if (missing_ == 0)
            throw usage_error(
                "a party left a barrier that has none which did not arrive: call "
                "drop once for each that leaves");
        --parties_;
        if (--missing_ == 0) next_phase(woken);
    }
    woken.wake_all();
}

bool barrier::arrive_and_wait_blocking() {
    detail::thread_waiter::refuse_on_event_thread("co_await arrive_and_wait()");
    detail::thread_waiter self;
    self.wait_at(gate_);
    return self.amount != 0;
}

}  // namespace twill::inline TWILL_ABI
