#include <twill/core/timeout.hpp>

#include <twill/core/cancellation.hpp>
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
using twill::run;
using twill::task;
using twill::timed_out;
using twill::with_deadline;
using twill::with_timeout;

TEST(Timeout, ExpiredItThrowsTimedOutAfterTheWorkHasEnded) {
    run([]() -> task<> {
        bool ended = false;
        auto slow = [&]() -> task<> {
            try {
                co_await for_ever();
            } catch (const twill::cancelled&) {
                ended = true;
                throw;
            }
        };
        const auto start = twill::now();
        EXPECT_TRUE(co_await throws<timed_out>(with_timeout(3ms, slow())));
        EXPECT_GE(twill::now() - start, 3ms);
        EXPECT_TRUE(ended);
        EXPECT_FALSE(co_await twill::cancel_requested());
    });
}

TEST(Timeout, SaysWhichWorkWasLimited) {
    run([]() -> task<> {
        std::string text;
        try {
            co_await with_timeout(1us, for_ever());
        } catch (const timed_out& e) {
            text = e.what();
        }
        EXPECT_NE(text.find("timeout_test.cpp:"), std::string::npos) << text;
    });
}

TEST(Timeout, WorkInTimeGivesItsResultAndWithdrawsTheLimit) {
    run([]() -> task<> {
        EXPECT_EQ(co_await with_timeout(1h, give(3)), 3);
        EXPECT_EQ(*co_await with_timeout(1h, give_later(std::make_unique<int>(4))), 4);
        EXPECT_TRUE(co_await throws<failure>(with_timeout(1h, fail(1))));
        co_await with_timeout(1h, twill::sleep(1us));
    });
}

TEST(Timeout, ResultThatIsCompleteBeatsTheExpiry) {
    run([]() -> task<> {
        auto stubborn = []() -> task<int> {
            co_await throws<twill::cancelled>(for_ever());
            co_return 5;
        };
        EXPECT_EQ(co_await with_timeout(1ms, stubborn()), 5);
        auto failing = []() -> task<> {
            co_await throws<twill::cancelled>(for_ever());
            throw failure(1);
        };
        EXPECT_TRUE(co_await throws<failure>(with_timeout(1ms, failing())));
    });
}

TEST(Timeout, OuterCancellationIsNotReportedAsExpiry) {
    run([]() -> task<> {
        bool was_cancelled = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                was_cancelled = co_await throws<twill::cancelled>(with_timeout(1h, for_ever()));
            });
            co_await twill::yield();
            s.cancel();
        });
        EXPECT_TRUE(was_cancelled);
    });
}

TEST(Timeout, NestedTheOneThatExpiredIsBlamed) {
    run([]() -> task<> {
        auto inner_first = [](bool& inner) -> task<> {
            inner = co_await throws<timed_out>(with_timeout(1ms, for_ever()));
        };
        bool inner = false;
        co_await with_timeout(1h, inner_first(inner));
        EXPECT_TRUE(inner);

        bool inner_cancelled = false;
        auto outer_first = [&]() -> task<> {
            try {
                co_await with_timeout(1h, for_ever());
            } catch (const twill::cancelled&) {
                inner_cancelled = true;
                throw;
            }
        };
        EXPECT_TRUE(co_await throws<timed_out>(with_timeout(1ms, outer_first())));
        EXPECT_TRUE(inner_cancelled);
    });
}

TEST(Timeout, NestedWithTheSameDeadlineExpireOnce) {
    run([]() -> task<> {
        const auto at = twill::now() + 2ms;
        EXPECT_TRUE(co_await throws<timed_out>(with_deadline(at, with_deadline(at, for_ever()))));
    });
}

TEST(Timeout, DeadlineInThePastCutsTheFirstSuspension) {
    run([]() -> task<> {
        for (const auto past : {twill::now() - 1h, twill::time_point::min(), twill::time_point()}) {
            EXPECT_TRUE(co_await throws<timed_out>(with_deadline(past, for_ever())));
            EXPECT_EQ(co_await with_deadline(past, give(1)), 1);
        }
        EXPECT_TRUE(co_await throws<timed_out>(with_timeout(-1h, for_ever())));
    });
}

TEST(Timeout, NeverIsNoLimit) {
    run([]() -> task<> {
        EXPECT_EQ(co_await with_deadline(twill::never, give_later(1)), 1);
        EXPECT_EQ(co_await with_timeout(twill::duration::max(), give_later(1)), 1);
    });
}

TEST(Timeout, CutAnywhereLeavesNothingBehind) {
    cancel_everywhere([]() -> task<> {
        auto work = [](live) -> task<live> {
            co_await twill::yield();
            co_await twill::sleep(1us);
            co_return live();
        };
        static_cast<void>(co_await with_timeout(1h, work(live())));
        EXPECT_TRUE(co_await throws<timed_out>(with_timeout(1us, for_ever())));
        static_cast<void>(co_await with_timeout(1h, with_timeout(2h, work(live()))));
    });
}

}  // namespace
