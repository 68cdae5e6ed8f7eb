// Memory that is out while tasks are made: each allocation fails in turn.
#include <twill/core/config.hpp>

#ifndef TWILL_TSAN

#include <twill/core/finally.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/shield.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/core/when_all.hpp>
#include <twill/core/when_any.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/failing_allocation.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using namespace twill_test::allocations;
using twill::scope_ref;
using twill::task;

// Runs `body` again and again until none of its allocations fails: the n-th fails in the n-th run.
// A run ends well or by bad_alloc, and leaves nothing. Gives how many runs failed.
int fail_each_allocation(const std::function<task<>()>& body) {
    if (!twill::detail::use_plain_frames()) {
        ADD_FAILURE() << "frames were made before: each test needs a process of its own";
        return 0;
    }
    int failed = 0;
    for (int n = 0; !testing::Test::HasFailure(); ++n) {
        SCOPED_TRACE(n);
        const int objects = live::count.load();
        long before = 0;
        long after = 0;
        bool threw = false;
        std::thread([&] {
            twill::runtime here;
            has_failed.store(false);
            before = alive.load();
            until_failure.store(n);
            try {
                here.run(body);
            } catch (const std::bad_alloc&) {
                threw = true;
            }
            until_failure.store(-1);
            after = alive.load();
        }).join();
        EXPECT_EQ(live::count.load(), objects) << "objects are left";
        EXPECT_LE(threw, has_failed.load());
        // Freed frames stay with their thread; without a failure all of them were freed once.
        EXPECT_GE(after, before);
        if (!has_failed.load()) return failed;
        failed += threw ? 1 : 0;
    }
    return failed;
}

// Out of line, so that its frame is not laid into that of its caller.
[[gnu::noinline]] task<int> number_of(int value, live /*counted*/ = {}) {
    co_await twill::yield();
    co_return value;
}

TEST(FailedAllocation, OfATasksFrameIsThrownWhereItIsCalled) {
    int caught = 0;
    fail_each_allocation([&]() -> task<> {
        const live local;
        try {
            EXPECT_EQ(co_await number_of(1), 1);
        } catch (const std::bad_alloc&) {
            ++caught;
        }
    });
    EXPECT_EQ(caught, 1);
}

TEST(FailedAllocation, OfASpawnedTaskFailsItsScope) {
    int whole = 0;
    const int failed = fail_each_allocation([&]() -> task<> {
        whole = 0;
        co_await twill::scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 3; ++i)
                s.spawn([&, counted = live()]() -> task<> { whole += co_await number_of(1); });
            co_await twill::yield();
        });
    });
    EXPECT_EQ(whole, 3);
    EXPECT_GE(failed, 3 * 2) << "for each child its node and a frame";
}

// The failing frame is that of the child itself, which the loop of ready work makes.
TEST(FailedAllocation, OfAChildsFirstFrameCancelsTheOthersAndArrivesOnce) {
    std::thread([] {
        bool other_was_cancelled = false;
        const auto body = [&]() -> task<> {
            co_await twill::scope([&](scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    other_was_cancelled = co_await throws<twill::cancelled>(for_ever());
                });
                co_await twill::yield();
                s.spawn([]() -> task<> {
                    char large[5000];  // too large for the frames that are kept
                    asm volatile("" : : "r"(large) : "memory");
                    co_await twill::yield();
                    asm volatile("" : : "r"(large) : "memory");
                });
                until_failure.store(0);
                co_await for_ever();
                ADD_FAILURE() << "the scope went on";
            });
        };
        twill::runtime here;
        EXPECT_THROW(here.run(body), std::bad_alloc);
        until_failure.store(-1);
        EXPECT_TRUE(other_was_cancelled);
    }).join();
}

TEST(FailedAllocation, InAnyCombinatorLeavesNothing) {
    const int failed = fail_each_allocation([]() -> task<> {
        std::vector<task<int>> several;
        for (int i = 0; i < 3; ++i) several.push_back(number_of(i));
        EXPECT_EQ(co_await twill::when_all(std::move(several)), (std::vector{0, 1, 2}));
        auto [a, b] = co_await twill::when_all(number_of(1), number_of(2));
        EXPECT_EQ(a + b, 3);
        const auto first = co_await twill::when_any(number_of(5), for_ever());
        EXPECT_EQ(std::get<0>(first), 5);
        EXPECT_EQ(co_await twill::with_timeout(1h, number_of(6)), 6);
        EXPECT_EQ(co_await twill::shield(number_of(7), 1h), 7);
        co_await twill::finally(twill::sleep(1us), [] { return twill::sleep(1us); });
    });
    EXPECT_GE(failed, 10);
}

}  // namespace

#endif
