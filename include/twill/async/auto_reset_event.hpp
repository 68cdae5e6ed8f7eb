// auto_reset_event: a signal that lets one waiter pass, and is then off again.
//
//     twill::auto_reset_event work_there;
//     work_there.set();                 // from anywhere; several in a row are one
//     co_await work_there.wait();       // in the one task that does the work
//
// It is Windows' auto-reset event, and Tokio's `Notify` with `notify_one`. For tasks on any event
// thread, plain threads and functions on the compute pool. First come, first served. To let
// everybody pass, for good or until `reset`: manual_reset_event.hpp. (core/event.hpp is something
// else: a record in a trace.)
#pragma once

#include <twill/async/detail/waiter.hpp>
#include <twill/core/config.hpp>

namespace twill::inline TWILL_ABI {

class TWILL_API auto_reset_event {
    // Guarded by its lock: it is set only while nobody waits. `try_wait` clears it without.
    class TWILL_API place final : public detail::two_phase_place {
    public:
        explicit constexpr place(bool set) noexcept : two_phase_place(lock_), set_(set) {}
        void set() noexcept;
        bool try_wait() noexcept {
            bool was_set = true;
            // Acquire pairs with the release in `set`.
            if (!set_.compare_exchange_strong(was_set, false, std::memory_order_acquire,
                                              std::memory_order_relaxed))
                return false;
            let_out();
            return true;
        }
        bool take(detail::waiter& who, detail::woken_waiters& woken) noexcept override;
        bool queue(detail::waiter& who) noexcept override;
        bool cut(detail::waiter& who, detail::woken_waiters& woken) noexcept override;

    private:
        futex_mutex lock_;
        atomic<bool> set_;
        detail::wait_list waiting_;
    };

public:
    explicit constexpr auto_reset_event(bool initially_set = false) noexcept
        : place_(initially_set) {}

    // Lets the one pass who has waited longest, or else the next who comes. Any thread. What was
    // done before it is seen by who passes. Nothing of the event is touched after somebody could
    // have passed: who passes may destroy it.
    void set() noexcept { place_.set(); }

    // `co_await wait()` suspends until the event lets this task pass. Cancelled at once: then the
    // event stays as it is; who was let pass already, passes.
    [[nodiscard]] detail::waiting<place> wait() noexcept { return {"wait for an event", &place_}; }
    // Passes if it is set. Any thread.
    bool try_wait() noexcept { return place_.try_wait(); }
    // Blocks the calling thread. Throws usage_error on an event thread.
    void wait_blocking();

    // For the library.
    [[nodiscard]] detail::wait_place& where() noexcept { return place_; }

private:
    place place_;
};

}  // namespace twill::inline TWILL_ABI
