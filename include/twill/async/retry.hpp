// Trying again what failed, later each time.
//
//     auto reply = co_await twill::retry([&] { return ask(server); }, {.attempts = 5});
//
//     static twill::retry_budget budget;        // one for all calls to that service
//     co_await twill::retry([&] { return push(item); },
//                           {.retry_on = is_transient, .budget = &budget});
//
// Only what may be done twice should be retried. A limit on the time of it all is a timeout around
// it, one on each attempt a timeout inside.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/cancelled.hpp>
#include <twill/core/config.hpp>
#include <twill/core/random.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {

// Keeps retries to a share of the calls, so that a service that is down is not also flooded: each
// call pays `share` in, each retry takes 1 out, and where there is nothing left the call fails with
// its last error. Any thread. After Finagle's RetryBudget.
class TWILL_API retry_budget {
public:
    // `share`: of the calls that may be retried, in the long run, from 0 to 1000. `reserve`:
    // retries at hand in the beginning, and the most that are ever saved, at most a million. Throws
    // usage_error for others.
    explicit retry_budget(double share = 0.2, unsigned reserve = 10);

    void deposit() noexcept;
    // False: nothing is left.
    [[nodiscard]] bool withdraw() noexcept;

private:
    // In thousandths of a retry.
    static constexpr std::int64_t whole = 1000;
    const std::int64_t share_;
    const std::int64_t most_;
    atomic<std::int64_t> balance_;
};

struct retry_options {
    // How often it is tried in all, at least once; 0: without a limit.
    unsigned attempts = 5;
    // Each wait is drawn evenly from zero to this, doubled each time ("full jitter": those that
    // failed together do not come back together), but no longer than `longest_delay`.
    duration first_delay = std::chrono::milliseconds(50);
    duration longest_delay = std::chrono::seconds(10);
    // Whether an error is worth another attempt. Empty: all but std::logic_error are, which say
    // that the program is wrong.
    std::function<bool(const std::exception_ptr&)> retry_on = {};
    // Shared between calls; must outlive them.
    retry_budget* budget = nullptr;
};

namespace detail {

// When a call is tried again, if it is.
class TWILL_API retry_plan {
public:
    explicit retry_plan(const retry_options& how);
    // After an attempt that failed: how long to wait, or nothing when it was the last one.
    [[nodiscard]] std::optional<duration> after_failure(const std::exception_ptr& error);
    // The longest wait of the n-th retry, from 0 on.
    [[nodiscard]] static duration longest_wait(const retry_options& how, unsigned retry) noexcept;

private:
    const retry_options& how_;
    unsigned failures_ = 0;
    random_source dice_;
};

}  // namespace detail

// Calls `attempt()` and awaits what it gives, again and again until it succeeds; gives what it
// gave. When no further attempt is to be made, throws the error of the last. Cancelled: the attempt
// or the wait is, and `cancelled` is thrown, which is never retried.
template <class Attempt>
    requires awaitable<std::invoke_result_t<Attempt&>>
[[nodiscard]] task<await_result<std::invoke_result_t<Attempt&>>> retry(Attempt attempt,
                                                                       retry_options how = {}) {
    detail::retry_plan plan(how);
    for (;;) {
        std::exception_ptr error;
        try {
            co_return co_await std::invoke(attempt);
        } catch (const cancelled&) {
            throw;
        } catch (...) {
            error = std::current_exception();
        }
        const std::optional<duration> wait = plan.after_failure(error);
        if (!wait) std::rethrow_exception(error);
        error = nullptr;
        co_await sleep(*wait);
    }
}

}  // namespace twill::inline TWILL_ABI
