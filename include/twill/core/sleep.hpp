// Waiting for time to pass, and letting others run.
//
//     co_await twill::sleep(20ms);
//     co_await twill::sleep_until(deadline);
//     co_await twill::yield();
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/context.hpp>
#include <twill/core/executor.hpp>
#include <twill/core/time.hpp>

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

class TWILL_API yield_operation final : public suspension {
public:
    [[nodiscard]] const char* what() const noexcept override { return "yield"; }
    void await_resume() const { throw_if_refused(); }

private:
    bool start() noexcept override;
    void cancel() noexcept override {}
};

}  // namespace detail

struct [[nodiscard("sleeping happens when it is awaited")]] sleep_until {
    time_point deadline;
    explicit sleep_until(time_point when) noexcept : deadline(when) {}
    detail::sleep_operation operator co_await() const noexcept {
        return detail::sleep_operation(deadline);
    }
};

// Suspends the task until `length` has passed, never less, and usually at most 0.1 ms more on an
// idle machine. Zero or less: the task goes on in the next turn. Cancelled at once.
inline sleep_until sleep(duration length) noexcept {
    return sleep_until(length > duration::zero() ? after(now(), length) : time_point::min());
}

// Suspends the task until the other tasks that are ready now have had their turn.
// A cancellation requested before it throws.
struct [[nodiscard("yielding happens when it is awaited")]] yield {
    detail::yield_operation operator co_await() const noexcept { return {}; }
};

}  // namespace twill::inline TWILL_ABI
