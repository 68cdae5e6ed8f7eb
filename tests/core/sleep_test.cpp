#include <twill/core/sleep.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/when_all.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::now;
using twill::run;
using twill::scope;
using twill::scope_ref;
using twill::task;

TEST(Sleep, NeverEndsEarly) {
    run([]() -> task<> {
        for (const auto length : {1ns, 100ns, 65'535ns, 65'536ns, 65'537ns, 1'000'000ns}) {
            for (int i = 0; i < 20; ++i) {
                const auto start = now();
                co_await twill::sleep(length);
                EXPECT_GE(now() - start, length);
            }
        }
    });
}

TEST(Sleep, OfDifferentLengthsEndInTheirOrder) {
    run({.event_threads = 1}, []() -> task<> {
        std::vector<int> order;
        const auto start = now();
        co_await scope([&](scope_ref s) -> task<> {
            for (int i = 9; i >= 0; --i)
                s.spawn(
                    [&](int n) -> task<> {
                        co_await twill::sleep_until(start + n * 1ms);
                        order.push_back(n);
                    },
                    i);
            co_return;
        });
        // Those that were past already when they were armed keep that order.
        EXPECT_EQ(order.size(), 10U);
        EXPECT_EQ(order.back(), 9);
    });
}

TEST(Sleep, OfZeroOrLessGoesOnInTheNextTurn) {
    run({.event_threads = 1}, []() -> task<> {
        std::string order;
        auto step = [&](char name, twill::duration length) -> task<> {
            for (int i = 0; i < 2; ++i) {
                order += name;
                co_await twill::sleep(length);
            }
        };
        co_await twill::when_all(step('a', 0ns), step('b', -1h));
        EXPECT_EQ(order, "abab");
    });
}

TEST(Sleep, UntilAPastPointGoesOn) {
    run([]() -> task<> {
        co_await twill::sleep_until(now() - 1h);
        co_await twill::sleep_until(twill::time_point());
        co_await twill::sleep_until(twill::time_point::min());
    });
}

TEST(Sleep, IsCancelledAtOnceHoweverLong) {
    run({.event_threads = 1}, []() -> task<> {
        int cut_short = 0;
        const auto start = now();
        co_await scope([&](scope_ref s) -> task<> {
            for (const twill::duration length :
                 {twill::duration(1h), twill::duration::max(), twill::duration(200 * 365 * 24h)})
                s.spawn(
                    [&](twill::duration l) -> task<> {
                        if (co_await throws<twill::cancelled>(twill::sleep(l))) ++cut_short;
                    },
                    length);
            co_await twill::yield();
            s.cancel();
        });
        EXPECT_EQ(cut_short, 3);
        EXPECT_LT(now() - start, 1h);
    });
}

TEST(Yield, LetsAllThatAreReadyHaveTheirTurn) {
    run({.event_threads = 1}, []() -> task<> {
        int others = 0;
        co_await scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 1000; ++i) s.spawn([&] { ++others; });
            co_await twill::yield();
            EXPECT_EQ(others, 1000);
        });
    });
}

TEST(Yield, CancelledBeforehandThrowsCancelledDuringItGoesOn) {
    run([]() -> task<> {
        bool went_on = false;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await twill::yield();
                went_on = true;
            });
            s.spawn([s] { s.cancel(); });
            co_return;
        });
        EXPECT_TRUE(went_on) << "a yield that was complete beats the cancellation";
    });
}

TEST(Sleep, CutAnywhereEndsByCancelled) {
    EXPECT_EQ(cancel_everywhere([]() -> task<> {
                  co_await twill::sleep(1us);
                  co_await twill::yield();
                  co_await twill::sleep(100us);
                  co_await twill::sleep(0ns);
              }),
              4U);
}

}  // namespace
