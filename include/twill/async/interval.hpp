// Something to be done at regular times.
//
//     twill::interval every(100ms);
//     for (;;) {
//         co_await every.tick();          // 100 ms from the start, 200 ms, 300 ms, ...
//         co_await send_heartbeat();
//     }
//
// The times do not drift: the next one counts from the last one's due time, not from when the task
// came round to asking for it.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/time.hpp>

#include <coroutine>
#include <cstdint>

namespace twill::inline TWILL_ABI {

// What becomes of the times that passed while the task was busy.
enum class missed_ticks : std::uint8_t {
    skip,   // they are left out; the next one is the first that is still to come
    burst,  // each is made up for, at once, one after the other
    delay,  // all later ones move: the next one is a whole period from now
};

struct interval_options {
    missed_ticks missed = missed_ticks::skip;
    // When the first tick is due; by default one period after the interval was made.
    time_point first = never;
};

// One task at a time.
class TWILL_API interval {
public:
    // Throws usage_error for a period that is not longer than zero.
    explicit interval(duration period, interval_options options = {});

    class [[nodiscard("ticking happens when it is awaited")]] ticking {
    public:
        explicit ticking(interval& of) noexcept : of_(&of), sleep_(of.next_) {}
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
            return sleep_.await_suspend(waiter);
        }
        time_point await_resume() {
            sleep_.await_resume();
            return of_->passed(now());
        }

    private:
        interval* of_;
        detail::sleep_operation sleep_;
    };

    // Awaitable: suspends until the next tick is due and gives the time at which it was. Cancelled:
    // throws `cancelled`, and the tick is still to come.
    ticking tick() noexcept { return ticking(*this); }

    // When the next tick is due.
    [[nodiscard]] time_point next() const noexcept { return next_; }
    [[nodiscard]] duration period() const noexcept { return period_; }

    // The tick that is due is over, at `at`; gives when it was due. `tick` calls it.
    time_point passed(time_point at) noexcept;

private:
    const duration period_;
    const missed_ticks missed_;
    time_point next_;
};

}  // namespace twill::inline TWILL_ABI
