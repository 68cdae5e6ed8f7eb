#include <twill/async/retry.hpp>

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::retry;
using twill::retry_budget;
using twill::retry_options;
using twill::run;
using twill::task;
using twill::detail::retry_plan;

TEST(Retry, TriesAgainUntilItSucceedsAndGivesTheResult) {
    run([]() -> task<> {
        int calls = 0;
        auto third_time = [&]() -> task<std::unique_ptr<int>> {
            if (++calls < 3) throw failure(calls);
            co_return std::make_unique<int>(calls);
        };
        EXPECT_EQ(*co_await retry(third_time, {.first_delay = 1us}), 3);
        EXPECT_EQ(calls, 3);
    });
}

TEST(Retry, AfterTheLastAttemptThrowsItsError) {
    run([]() -> task<> {
        int calls = 0;
        int caught = 0;
        try {
            co_await retry([&] { return fail(++calls); }, {.attempts = 4, .first_delay = 1us});
        } catch (const failure& e) {
            caught = e.number;
        }
        EXPECT_EQ(calls, 4);
        EXPECT_EQ(caught, 4);
    });
}

TEST(Retry, DoesNotRepeatMistakesNorWhatIsNotToBe) {
    run([]() -> task<> {
        int calls = 0;
        auto mistake = [&]() -> task<> {
            ++calls;
            throw std::out_of_range("a mistake");
            co_return;
        };
        EXPECT_TRUE(co_await throws<std::out_of_range>(retry(mistake)));
        EXPECT_EQ(calls, 1);

        calls = 0;
        auto only_first = [](const std::exception_ptr& error) {
            try {
                std::rethrow_exception(error);
            } catch (const failure& e) {
                return e.number == 1;
            }
        };
        EXPECT_TRUE(co_await throws<failure>(
            retry([&] { return fail(++calls); }, {.first_delay = 1us, .retry_on = only_first})));
        EXPECT_EQ(calls, 2);
    });
}

TEST(Retry, CancellationEndsTheWaitAndIsNotRetried) {
    run([]() -> task<> {
        int calls = 0;
        EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(
            1ms,
            retry([&] { return ++calls, fail(1); }, {.first_delay = 24h, .longest_delay = 24h}))));
        EXPECT_EQ(calls, 1);
        auto gives_up = [&]() -> task<> {
            ++calls;
            throw twill::cancelled();
            co_return;
        };
        EXPECT_TRUE(co_await throws<twill::cancelled>(retry(gives_up)));
        EXPECT_EQ(calls, 2);
    });
}

TEST(Retry, CancelledAnywhereLeavesNothingBehind) {
    cancel_everywhere([]() -> task<> {
        int calls = 0;
        co_await retry(
            [&calls, kept = live()]() -> task<> {
                co_await twill::yield();
                if (++calls < 3) throw failure(1);
            },
            {.first_delay = 1us});
    });
}

TEST(Retry, WaitsAreDrawnFromZeroToADoublingBound) {
    const retry_options how{.first_delay = 10ms, .longest_delay = 50ms};
    EXPECT_EQ(retry_plan::longest_wait(how, 0), 10ms);
    EXPECT_EQ(retry_plan::longest_wait(how, 1), 20ms);
    EXPECT_EQ(retry_plan::longest_wait(how, 2), 40ms);
    EXPECT_EQ(retry_plan::longest_wait(how, 3), 50ms);
    EXPECT_EQ(retry_plan::longest_wait(how, 1'000'000), 50ms);
    const retry_options endless{
        .attempts = 0, .first_delay = 1ns, .longest_delay = twill::duration::max()};
    EXPECT_EQ(retry_plan::longest_wait(endless, 100), twill::duration::max());

    const auto error = std::make_exception_ptr(failure(1));
    twill::duration shortest = 1h;
    twill::duration longest = 0ns;
    for (int i = 0; i < 1000; ++i) {
        retry_plan plan(how);
        const auto wait = plan.after_failure(error);
        ASSERT_TRUE(wait.has_value());
        shortest = std::min(shortest, *wait);
        longest = std::max(longest, *wait);
    }
    EXPECT_GE(shortest, 0ns);
    EXPECT_LT(shortest, 1ms);
    EXPECT_GT(longest, 9ms);
    EXPECT_LE(longest, 10ms);
}

TEST(Retry, RefusesNegativeDelays) {
    run([]() -> task<> {
        EXPECT_TRUE(co_await throws<twill::usage_error>(
            retry([] { return give(1); }, {.first_delay = -1ms})));
    });
}

TEST(RetryBudget, AllowsItsReserveAndThenAShareOfTheCalls) {
    retry_budget budget(0.25, 2);
    EXPECT_TRUE(budget.withdraw());
    EXPECT_TRUE(budget.withdraw());
    EXPECT_FALSE(budget.withdraw());
    for (int i = 0; i < 3; ++i) budget.deposit();
    EXPECT_FALSE(budget.withdraw());
    budget.deposit();
    EXPECT_TRUE(budget.withdraw());
    EXPECT_FALSE(budget.withdraw());
    for (int i = 0; i < 1000; ++i) budget.deposit();
    EXPECT_TRUE(budget.withdraw());
    EXPECT_TRUE(budget.withdraw());
    EXPECT_FALSE(budget.withdraw()) << "more than the reserve was saved";
}

TEST(RetryBudget, OnceEmptyCallsFailWithTheirFirstError) {
    run([]() -> task<> {
        retry_budget budget(0.0, 3);
        int calls = 0;
        const retry_options how{.first_delay = 1us, .budget = &budget};
        EXPECT_TRUE(co_await throws<failure>(retry([&] { return fail(++calls); }, how)));
        EXPECT_EQ(calls, 4);
        EXPECT_TRUE(co_await throws<failure>(retry([&] { return fail(++calls); }, how)));
        EXPECT_EQ(calls, 5);
    });
}

TEST(RetryBudget, RefusesWhatMakesNoSense) {
    EXPECT_THROW(retry_budget(-0.1), twill::usage_error);
    EXPECT_THROW(retry_budget(1e9), twill::usage_error);
    EXPECT_THROW(retry_budget(0.1, 2'000'000), twill::usage_error);
}

}  // namespace
