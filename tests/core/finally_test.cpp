#include <twill/core/finally.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::finally;
using twill::run;
using twill::task;

TEST(Finally, CleansUpAfterSuccessAndGivesTheResult) {
    run([]() -> task<> {
        std::string order;
        auto body = [&]() -> task<std::unique_ptr<int>> {
            co_await twill::yield();
            order += "body ";
            co_return std::make_unique<int>(3);
        };
        auto cleanup = [&]() -> task<> {
            co_await twill::yield();
            order += "cleanup";
        };
        auto value = co_await finally(body(), cleanup);
        EXPECT_EQ(*value, 3);
        EXPECT_EQ(order, "body cleanup");

        int place = 0;
        auto refer = [&]() -> task<int&> { co_return place; };
        int& same = co_await finally(refer(), cleanup);
        EXPECT_EQ(&same, &place);
        co_await finally(twill::yield(), cleanup);
    });
}

TEST(Finally, CleansUpAfterFailureAndTheFailureOfTheBodyWins) {
    run([]() -> task<> {
        bool cleaned = false;
        auto cleanup = [&]() -> task<> {
            co_await twill::yield();
            cleaned = true;
            throw failure(2);
        };
        int number = 0;
        try {
            co_await finally(fail(1), cleanup);
        } catch (const failure& e) {
            number = e.number;
        }
        EXPECT_TRUE(cleaned);
        EXPECT_EQ(number, 1);
    });
}

TEST(Finally, ThrowsTheFailureOfTheCleanupWhenTheBodyEndedWell) {
    run([]() -> task<> {
        EXPECT_TRUE(co_await throws<failure>(finally(give(1), [] { return fail(2); })));
        auto throws_at_once = []() -> task<> { throw failure(3); };
        EXPECT_TRUE(co_await throws<failure>(finally(give(1), throws_at_once)));
    });
}

TEST(Finally, CleansUpAfterCancellationUndisturbed) {
    run([]() -> task<> {
        bool cleaned = false;
        bool went_on = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await finally(for_ever(), [&]() -> task<> {
                    for (int i = 0; i < 5; ++i) co_await twill::yield();
                    co_await twill::sleep(1us);
                    cleaned = true;
                });
                went_on = true;
            });
            co_await twill::yield();
            s.cancel();
        });
        EXPECT_TRUE(cleaned);
        EXPECT_FALSE(went_on);
    });
}

TEST(Finally, CleanupThatHangsIsCutAtItsLimit) {
    run([]() -> task<> {
        bool cut_short = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await finally(
                    for_ever(),
                    [&]() -> task<> { cut_short = co_await throws<twill::cancelled>(for_ever()); },
                    2ms);
            });
            co_await twill::yield();
            s.cancel();
        });
        EXPECT_TRUE(cut_short);
    });
}

TEST(Finally, CutAnywhereItCleansUpOnce) {
    cancel_everywhere([]() -> task<> {
        int opened = 0;
        int closed = 0;
        auto use = [](int& count, live) -> task<live> {
            ++count;
            co_await twill::yield();
            co_await twill::sleep(1us);
            co_return live();
        };
        auto close = [&, counted = live()]() -> task<> {
            co_await twill::yield();
            ++closed;
        };
        try {
            static_cast<void>(co_await finally(use(opened, live()), close));
        } catch (...) {
            EXPECT_EQ(closed, 1);
            throw;
        }
        EXPECT_EQ(opened, 1);
        EXPECT_EQ(closed, 1);
    });
}

}  // namespace
