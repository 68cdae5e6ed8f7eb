// manual_reset_event: a gate that everybody waits at until it is opened.
//
//     twill::manual_reset_event ready;
//     co_await ready.wait();            // in any number of tasks
//     ready.set();                      // all of them go on; who comes later passes at once
//
// For tasks on any event thread, plain threads and functions on the compute pool. (core/event.hpp
// is something else: a record in a trace.)
#pragma once

#include <twill/async/detail/waiter.hpp>
#include <twill/core/config.hpp>

namespace twill::inline TWILL_ABI {

class TWILL_API manual_reset_event {
    class TWILL_API place final : public detail::two_phase_place {
    public:
        explicit constexpr place(bool set) noexcept : two_phase_place(lock_), set_(set) {}
        void set() noexcept;
        void reset() noexcept;
        [[nodiscard]] bool is_set() const noexcept {
            // Acquire pairs with the release in `set`.
            return set_.load(std::memory_order_acquire);
        }
        [[nodiscard]] bool try_wait() const noexcept {
            if (!is_set()) return false;
            let_out();
            return true;
        }
        bool take(detail::waiter& who, detail::woken_waiters& woken) noexcept override;
        bool queue(detail::waiter& who) noexcept override;
        bool cut(detail::waiter& who, detail::woken_waiters& woken) noexcept override;

    private:
        futex_mutex lock_;
        atomic<bool> set_;  // changes under the lock
        detail::wait_list waiting_;
    };

public:
    explicit constexpr manual_reset_event(bool initially_set = false) noexcept
        : place_(initially_set) {}

    // Lets all pass who wait, and who comes until it is reset. What was done before it is seen by
    // who passes. Any thread. Linear in the number of those who wait. Nothing of the event is
    // touched after the last could have passed: who knows that may destroy it.
    void set() noexcept { place_.set(); }
    // Who comes from now on waits. Any thread.
    void reset() noexcept { place_.reset(); }
    [[nodiscard]] bool is_set() const noexcept { return place_.is_set(); }

    // `co_await wait()` suspends until the event is set, even if it is reset before the task runs
    // again. Cancelled at once.
    [[nodiscard]] detail::waiting<place> wait() noexcept { return {"wait for an event", &place_}; }
    // Blocks the calling thread. Throws usage_error on an event thread.
    void wait_blocking();

    // For the library.
    [[nodiscard]] detail::wait_place& where() noexcept { return place_; }

private:
    place place_;
};

}  // namespace twill::inline TWILL_ABI
