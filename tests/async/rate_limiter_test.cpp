#include <twill/async/rate_limiter.hpp>

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::rate_limiter;
using twill::run;
using twill::task;
using twill::time_point;

const time_point start{1h};

TEST(RateLimiter, LetsABurstPassAndThenOneEachPeriod) {
    rate_limiter limit({.rate = 100, .burst = 3});
    for (int i = 0; i < 3; ++i) EXPECT_LE(limit.reserve(1, start).at, start);
    EXPECT_EQ(limit.reserve(1, start).at, start + 10ms);
    EXPECT_EQ(limit.reserve(1, start + 5ms).at, start + 20ms);
    EXPECT_EQ(limit.reserve(2, start + 5ms).at, start + 40ms);
}

TEST(RateLimiter, SavesNoMoreThanABurst) {
    rate_limiter limit({.rate = 100, .burst = 2});
    EXPECT_LE(limit.reserve(1, start).at, start);
    const time_point later = start + 1h;
    EXPECT_LE(limit.reserve(2, later).at, later);
    EXPECT_EQ(limit.reserve(1, later).at, later + 10ms);
}

TEST(RateLimiter, MoreThanABurstWaitsForAFullBucketAndLeavesADebt) {
    rate_limiter limit({.rate = 100, .burst = 2});
    EXPECT_LE(limit.reserve(1, start).at, start);
    // One permit is missing to a full bucket of two.
    EXPECT_EQ(limit.reserve(5, start).at, start + 10ms);
    EXPECT_EQ(limit.reserve(1, start).at, start + 50ms);
}

TEST(RateLimiter, TakesBackOnlyTheLatestReservation) {
    rate_limiter limit({.rate = 100});
    limit.reserve(1, start);
    const auto second = limit.reserve(1, start);
    const auto third = limit.reserve(1, start);
    EXPECT_FALSE(limit.give_back(second));
    EXPECT_TRUE(limit.give_back(third));
    EXPECT_EQ(limit.reserve(1, start).at, third.at);
}

TEST(RateLimiter, TryingTakesNothingWhenItFails) {
    rate_limiter limit({.rate = 0.001, .burst = 2});
    EXPECT_TRUE(limit.try_acquire());
    EXPECT_FALSE(limit.try_acquire(2));
    EXPECT_TRUE(limit.try_acquire());
    EXPECT_FALSE(limit.try_acquire());
}

TEST(RateLimiter, KeepsToItsRateInRealTime) {
    run({.event_threads = 1}, []() -> task<> {
        rate_limiter limit({.rate = 1000, .burst = 2});
        const time_point began = twill::now();
        std::vector<int> order;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 7; ++i)
                s.spawn(
                    [&](int number) -> task<> {
                        co_await limit.acquire();
                        order.push_back(number);
                    },
                    i);
            co_return;
        });
        EXPECT_GE(twill::now() - began, 5ms);
        EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6}));
    });
}

TEST(RateLimiter, CancelledGivesItsPermitBackIfNobodyCameAfter) {
    run([]() -> task<> {
        rate_limiter limit({.rate = 0.001});
        co_await limit.acquire();
        const time_point next = limit.reserve(0, twill::now()).full;
        EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(1ms, limit.acquire())));
        EXPECT_EQ(limit.reserve(0, twill::now()).full, next);
    });
    cancel_everywhere([]() -> task<> {
        rate_limiter limit({.rate = 100'000});
        for (int i = 0; i < 3; ++i) co_await limit.acquire();
    });
}

TEST(RateLimiter, GivesNoPermitTwiceToManyThreads) {
    rate_limiter limit({.rate = 1.0 / 3600, .burst = 1000});
    twill::atomic<int> taken{0};
    std::vector<std::thread> all;
    for (int i = 0; i < 4; ++i)
        all.emplace_back([&] {
            for (int j = 0; j < 1000; ++j)
                if (limit.try_acquire()) taken.fetch_add(1);
        });
    for (auto& each : all) each.join();
    EXPECT_EQ(taken.load(), 1000);
}

TEST(RateLimiter, RefusesWhatMakesNoSense) {
    EXPECT_THROW(rate_limiter({.rate = 0}), twill::usage_error);
    EXPECT_THROW(rate_limiter({.rate = -1}), twill::usage_error);
    EXPECT_THROW(rate_limiter({.rate = 1e12}), twill::usage_error);
    EXPECT_THROW(rate_limiter({.rate = 1, .burst = 0}), twill::usage_error);
}

}  // namespace
