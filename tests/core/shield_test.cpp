#include <twill/core/shield.hpp>

#include <twill/core/cancellation.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::run;
using twill::scope;
using twill::scope_ref;
using twill::shield;
using twill::task;

TEST(Shield, KeepsCancellationOffAndTheNextSuspensionThrowsIt) {
    run([]() -> task<> {
        bool finished = false;
        bool went_on = false;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                const int value = co_await shield(
                    [](bool& done) -> task<int> {
                        for (int i = 0; i < 10; ++i) co_await twill::yield();
                        EXPECT_FALSE(co_await twill::cancel_requested());
                        done = true;
                        co_return 6;
                    }(finished),
                    1h);
                EXPECT_EQ(value, 6);
                EXPECT_TRUE(co_await twill::cancel_requested());
                co_await twill::yield();
                went_on = true;
            });
            co_await twill::yield();
            co_await twill::yield();
            s.cancel();
        });
        EXPECT_TRUE(finished);
        EXPECT_FALSE(went_on);
    });
}

TEST(Shield, PassesTheCancellationOnAtItsLimit) {
    run([]() -> task<> {
        bool cut_short = false;
        const auto start = twill::now();
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                cut_short = co_await throws<twill::cancelled>(shield(for_ever(), 3ms));
            });
            co_await twill::yield();
            s.cancel();
        });
        EXPECT_TRUE(cut_short);
        EXPECT_GE(twill::now() - start, 3ms);
    });
}

TEST(Shield, AfterItsLimitCancellationPassesAtOnce) {
    run([]() -> task<> {
        bool cut_short = false;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                cut_short = co_await throws<twill::cancelled>(shield(for_ever(), 1us));
            });
            co_await twill::sleep(2ms);
            EXPECT_FALSE(cut_short) << "the end of the protection is no cancellation";
            s.cancel();
        });
        EXPECT_TRUE(cut_short);
    });
}

TEST(Shield, StartsInACancelledTask) {
    run([]() -> task<> {
        bool finished = false;
        co_await scope([&](scope_ref s) -> task<> {
            s.cancel();
            co_await shield(
                [](bool& done) -> task<> {
                    co_await twill::yield();
                    co_await scope([&](scope_ref inner) -> task<> {
                        inner.spawn([&]() -> task<> {
                            co_await twill::sleep(1us);
                            done = true;
                        });
                        co_return;
                    });
                }(finished),
                1h);
        });
        EXPECT_TRUE(finished);
    });
}

TEST(Shield, ThrowsWhatItsWorkThrows) {
    run([]() -> task<> { EXPECT_TRUE(co_await throws<failure>(shield(fail(1), 1h))); });
}

TEST(Shield, InAShieldTheOuterLimitReachesTheInnerOnlyAtItsOwn) {
    run([]() -> task<> {
        const auto start = twill::now();
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                EXPECT_TRUE(
                    co_await throws<twill::cancelled>(shield(shield(for_ever(), 4ms), 1ms)));
            });
            co_await twill::yield();
            s.cancel();
        });
        EXPECT_GE(twill::now() - start, 4ms);
    });
}

TEST(Shield, CutAnywhereItStillFinishes) {
    cancel_everywhere([]() -> task<> {
        live here;
        bool finished = false;
        auto work = [](bool& done, live) -> task<live> {
            co_await twill::yield();
            co_await twill::sleep(1us);
            co_await twill::yield();
            done = true;
            co_return live();
        };
        static_cast<void>(co_await shield(work(finished, live()), 1h));
        EXPECT_TRUE(finished);
        co_await twill::yield();
    });
}

}  // namespace
