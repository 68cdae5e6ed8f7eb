#include <twill/async/adaptive_limiter.hpp>

#include <twill/async/map.hpp>
#include <twill/async/semaphore.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include "async/crowd.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::adaptive_call;
using twill::adaptive_limiter;
using twill::adaptive_reason;
using twill::run;
using twill::scope;
using twill::scope_ref;
using twill::task;

TEST(AdaptiveLimiter, LetsAsManyInAsTheLimitAndTheOthersInTheOrderOfComing) {
    run({}, []() -> task<> {
        adaptive_limiter limiter({.start = 2, .most = 2});
        std::vector<int> order;
        int now = 0;
        int most = 0;
        const auto call = [&](int number) -> task<> {
            auto here = co_await limiter.enter();
            order.push_back(number);
            most = std::max(most, ++now);
            co_await twill::yield();
            --now;
            here.succeeded();
        };
        co_await scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 10; ++i) s.spawn(call, i);
            co_return;
        });
        EXPECT_EQ(most, 2);
        EXPECT_TRUE(std::ranges::is_sorted(order));
        EXPECT_EQ(order.size(), 10U);
    });
}

TEST(AdaptiveLimiter, PlacesComeBackHoweverACallEnds) {
    adaptive_limiter limiter({.start = 1, .most = 1});
    adaptive_call first = limiter.try_enter();
    EXPECT_TRUE(first);
    EXPECT_FALSE(limiter.try_enter());
    adaptive_call moved = std::move(first);
    EXPECT_FALSE(limiter.try_enter()) << "it moved, it did not end";
    moved.succeeded();
    EXPECT_FALSE(moved);
    moved.overloaded();                // nothing more to be told
    EXPECT_TRUE(limiter.try_enter());  // and goes at once
    moved = limiter.try_enter();
    EXPECT_TRUE(moved);
    moved = adaptive_call();
    limiter.enter_blocking().overloaded();
    EXPECT_TRUE(limiter.try_enter());
}

// Calls to a place that serves eight at a time, a millisecond each.
TEST(AdaptiveLimiter, FindsWhatIsEnough) {
    std::vector<twill::adaptive_decision> decided;
    const std::size_t found = run({}, [&]() -> task<std::size_t> {
        twill::semaphore servers(8);
        adaptive_limiter limiter({.start = 1});
        const auto call = [&]() -> task<> {
            const auto one = co_await servers.acquire();
            co_await twill::sleep(1ms);
        };
        co_await scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 128; ++i)
                s.spawn([&]() -> task<> {
                    for (int n = 0; n < 10; ++n) co_await limiter.run(call);
                });
            co_return;
        });
        decided = limiter.decisions();
        co_return limiter.limit();
    });
    std::string told;
    for (const auto& d : decided)
        told += " " + std::to_string(d.limit) + ":" + std::to_string(static_cast<int>(d.reason));
    EXPECT_GE(found, 4U) << told;
    EXPECT_LE(found, 32U) << told;
    EXPECT_TRUE(std::ranges::any_of(decided, [](const auto& d) {
        return d.reason == adaptive_reason::saturated;
    })) << told;
}

TEST(AdaptiveLimiter, CutsBackWhenCallsTimeOutAndRaisesNothingForOtherFailures) {
    run({}, []() -> task<> {
        adaptive_limiter limiter({.start = 8});
        const auto slow = [] { return twill::with_timeout(1us, for_ever()); };
        const auto broken = [] { return fail(1); };
        for (int i = 0; i < 20; ++i) EXPECT_TRUE(co_await throws<failure>(limiter.run(broken)));
        EXPECT_EQ(limiter.limit(), 8U);
        for (int i = 0; i < 20; ++i)
            EXPECT_TRUE(co_await throws<twill::timed_out>(limiter.run(slow)));
        EXPECT_LT(limiter.limit(), 8U);
        EXPECT_EQ(limiter.decisions().back().reason, adaptive_reason::overloaded);
    });
}

// Each runner of a map enters once more than there are inputs, and leaves without a call.
TEST(AdaptiveLimiter, LearnsFromASecondMap) {
    run({}, []() -> task<> {
        adaptive_limiter limiter({.start = 1});
        const auto call = [](int) { return twill::sleep(1ms); };
        co_await twill::map(std::views::iota(0, 1), call, {.limiter = &limiter});
        const std::size_t decided = limiter.decisions().size();
        co_await twill::map(std::views::iota(0, 200), call, {.limiter = &limiter});
        EXPECT_GT(limiter.decisions().size(), decided) << "limit " << limiter.limit();
    });
}

TEST(AdaptiveLimiter, LearnsAfterTheFirstCallsFailed) {
    run({}, []() -> task<> {
        adaptive_limiter limiter({.start = 1});
        for (int i = 0; i < 3; ++i)
            EXPECT_TRUE(co_await throws<failure>(limiter.run([] { return fail(1); })));
        for (int i = 0; i < 20; ++i) co_await limiter.run([] { return twill::sleep(1ms); });
        EXPECT_GT(limiter.decisions().size(), 1U);
    });
}

TEST(AdaptiveLimiter, CanBeToldWhatMeansOverload) {
    run({}, []() -> task<> {
        adaptive_limiter limiter({.start = 8});
        for (int i = 0; i < 20; ++i)
            EXPECT_TRUE(co_await throws<failure>(
                limiter.run([] { return fail(503); }, [](const auto&) { return true; })));
        EXPECT_LT(limiter.limit(), 8U);
    });
}

TEST(AdaptiveLimiter, GivesWhatTheCallGives) {
    run({}, []() -> task<> {
        adaptive_limiter limiter;
        EXPECT_EQ(co_await limiter.run([] { return give(3); }), 3);
        auto owned = co_await limiter.run([] { return give(std::make_unique<int>(4)); });
        EXPECT_EQ(*owned, 4);
    });
}

// A limit that was lowered is kept at once by those who come, and does not let more in later.
TEST(AdaptiveLimiter, KeepsALoweredLimit) {
    adaptive_limiter limiter({.start = 10});
    const auto all_that_fit = [&] {
        std::vector<adaptive_call> calls;
        while (auto one = limiter.try_enter()) calls.push_back(std::move(one));
        return calls;
    };
    auto calls = all_that_fit();
    EXPECT_EQ(calls.size(), 10U);
    for (int i = 0; i < 11; ++i) {
        calls.back().overloaded();
        calls.back() = limiter.try_enter();
    }
    const std::size_t limit = limiter.limit();
    EXPECT_EQ(limit, 7U);
    calls.clear();
    EXPECT_EQ(all_that_fit().size(), limit);
    EXPECT_EQ(all_that_fit().size(), limit) << "places were lost, or made";
}

TEST(AdaptiveLimiter, CutAnywhereLosesNoPlace) {
    cancel_everywhere([]() -> task<> {
        const auto limiter =
            std::make_unique<adaptive_limiter>(twill::adaptive_options{.start = 1, .most = 1});
        const auto call = [&]() -> task<> {
            co_await limiter->run([]() -> task<live> {
                live here;
                co_await twill::yield();
                co_return here;
            });
        };
        try {
            co_await scope([&](scope_ref s) -> task<> {
                for (int i = 0; i < 3; ++i) s.spawn(call);
                co_return;
            });
        } catch (const twill::cancelled&) {
            EXPECT_TRUE(limiter->try_enter()) << "a place was lost";
            throw;
        }
        EXPECT_TRUE(limiter->try_enter()) << "a place was lost";
    });
}

TEST(AdaptiveLimiter, ServesTasksThreadsAndTheComputePoolAtOnce) {
    adaptive_limiter limiter({.start = 2, .most = 3});
    twill::atomic<int> now{0};
    twill::atomic<int> most{0};
    const auto work = [&] {
        const int here = ++now;
        int seen = most;
        while (seen < here && !most.compare_exchange_weak(seen, here)) {
        }
        --now;
    };
    crowd(
        {},
        [&](int) -> task<> {
            for (int i = 0; i < 100; ++i) {
                auto call = co_await limiter.enter();
                work();
                co_await twill::yield();
                call.succeeded();
            }
        },
        [&](int) {
            for (int i = 0; i < 100; ++i) {
                auto call = limiter.enter_blocking();
                work();
                call.succeeded();
            }
        });
    EXPECT_LE(most, 3);
    EXPECT_GE(most, 1);
    EXPECT_EQ(now, 0);
}

TEST(AdaptiveLimiter, RefusesBoundsThatContradict) {
    EXPECT_THROW(adaptive_limiter({.start = 3, .most = 2}), twill::usage_error);
}

// Told what a call did, it heeds the CPUs; from latencies alone it would go on.
TEST(AdaptiveLimiter, KeepsTheNumberOfCpusForCallsThatCompute) {
    twill::adaptive_limiter limiter({.start = 16, .most = 64, .cpus = 16});
    std::vector<twill::adaptive_call> calls;
    while (auto one = limiter.try_enter()) calls.push_back(std::move(one));
    for (std::size_t i = 0; i < 2000; ++i) {
        twill::adaptive_call& each = calls[i % calls.size()];
        each.succeeded({.run = 10ms});
        each = limiter.try_enter();
        ASSERT_TRUE(each);
    }
    for (const auto& each : limiter.decisions()) EXPECT_EQ(each.limit, 16U);
    EXPECT_EQ(limiter.decisions().back().reason, twill::adaptive_reason::cpu_bound);
}

}  // namespace
