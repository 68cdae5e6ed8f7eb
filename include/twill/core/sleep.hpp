// Waiting for time to pass, and letting others run.
//
//     co_await twill::sleep(20ms);
//     co_await twill::sleep_until(deadline);
//     co_await twill::sleep_until(std::chrono::sys_days(2027y / 1 / 1));       // a time of day
//     co_await twill::yield();
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/context.hpp>
#include <twill/core/executor.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/time.hpp>
#include <twill/core/wall_clock.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI {
namespace detail {

class TWILL_API sleep_operation final : public suspension, private timer {
public:
    explicit sleep_operation(time_point until) noexcept : timer(&sleep_operation::expired) {
        deadline = until;
    }
    [[nodiscard]] const char* what() const noexcept override { return "sleep"; }
    void await_resume() const {
        throw_if_refused();
        if (cut_short_) throw cancelled();
    }

private:
    bool start() noexcept override;
    void cancel() noexcept override;
    static void expired(timer& self) noexcept;

    bool cut_short_ = false;
};

// A sleep until a time of day: a timer for as long as that is off, which is set anew when the wall
// clock is. `lock_` guards the three below, and the timer's being armed: `armed` says that it is,
// or that it has fired and `expired` is about to look.
//   fresh -> armed   started
//   fresh -> over    started too late, or cancelled before: `start` says so
//   armed -> armed   the clock was set, or the timer fired and it is still too early
//   armed -> over    it is time, or it was cancelled: by who has disarmed the timer, or by the
//   timer
class TWILL_API wall_sleep_operation final : public suspension,
                                             private timer,
                                             private clock_watcher {
public:
    explicit wall_sleep_operation(wall_time until) noexcept
        : timer(&wall_sleep_operation::expired), until_(until) {}
    [[nodiscard]] const char* what() const noexcept override { return "sleep until a time of day"; }
    void await_resume() const;

private:
    enum class state : std::uint8_t { fresh, armed, over };

    bool start() noexcept override;
    void cancel() noexcept override;
    void clock_was_set() noexcept override;
    static void expired(timer& self) noexcept;
    void arm_again() noexcept;
    void end() noexcept;

    const wall_time until_;
    int unwatched_ = 0;  // why the clock could not be watched
    futex_mutex lock_;
    state at_ = state::fresh;
    bool cut_short_ = false;
};

class TWILL_API yield_operation final : public suspension {
public:
    [[nodiscard]] const char* what() const noexcept override { return "yield"; }
    void await_resume() const { throw_if_refused(); }

private:
    bool start() noexcept override;
    void cancel() noexcept override {}
};

struct [[nodiscard("sleeping happens when it is awaited")]] sleeping {
    time_point deadline;
    sleep_operation operator co_await() const noexcept { return sleep_operation(deadline); }
};
struct [[nodiscard("sleeping happens when it is awaited")]] wall_sleeping {
    wall_time until;
    wall_sleep_operation operator co_await() const noexcept { return wall_sleep_operation(until); }
};

}  // namespace detail

// Suspends the task until `deadline`, or at once to its next turn if that has passed. Cancelled at
// once. For tasks; as a case of a select also for threads.
[[nodiscard]] inline detail::sleeping sleep_until(time_point deadline) noexcept {
    return {deadline};
}

// The same until a time of day: until `wall_now()` gives at least `when`, also when the wall clock
// is set meanwhile, or the machine was suspended. Throws io_error when descriptors are out. Not a
// case of a select.
[[nodiscard]] inline detail::wall_sleeping sleep_until(wall_time when) noexcept { return {when}; }

// Suspends the task until `length` has passed, never less, and usually at most 0.1 ms more on an
// idle machine. Zero or less: the task goes on in the next turn. Cancelled at once.
[[nodiscard]] inline detail::sleeping sleep(duration length) noexcept {
    return {length > duration::zero() ? after(now(), length) : time_point::min()};
}

// Suspends the task until the other tasks that are ready now have had their turn.
// A cancellation requested before it throws.
struct [[nodiscard("yielding happens when it is awaited")]] yield {
    detail::yield_operation operator co_await() const noexcept { return {}; }
};

}  // namespace twill::inline TWILL_ABI
