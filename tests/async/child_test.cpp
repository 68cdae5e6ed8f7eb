#include <twill/async/child.hpp>

#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::child;
using twill::run;
using twill::scope;
using twill::scope_ref;
using twill::spawn_child;
using twill::task;

TEST(Child, GivesItsResultToWhoAsks) {
    run({}, []() -> task<> {
        co_await scope([](scope_ref s) -> task<> {
            auto number = spawn_child(s, give_later<int>, 3);
            auto text = spawn_child(
                s, [](std::string a, std::string b) -> task<std::string> { co_return a + b; }, "a",
                "b");
            auto owned = spawn_child(s, give_later<std::unique_ptr<int>>, std::make_unique<int>(4));
            EXPECT_FALSE(number.has_ended()) << "a child started inside of the call";
            EXPECT_EQ(co_await number.result(), 3);
            EXPECT_TRUE(text.has_ended()) << "it did not run beside the first";
            EXPECT_EQ(co_await text.result(), "ab");
            EXPECT_EQ(*co_await owned.result(), 4);
        });
    });
}

TEST(Child, WithoutAValueCanBeWaitedFor) {
    run({}, []() -> task<> {
        co_await scope([](scope_ref s) -> task<> {
            bool done = false;
            auto work = spawn_child(s, [&]() -> task<> {
                co_await twill::yield();
                done = true;
            });
            co_await work.result();
            EXPECT_TRUE(done);
        });
    });
}

TEST(Child, GivesItsResultOnce) {
    run({}, []() -> task<> {
        co_await scope([](scope_ref s) -> task<> {
            auto one = spawn_child(s, give<int>, 1);
            EXPECT_TRUE(one);
            EXPECT_EQ(co_await one.result(), 1);
            EXPECT_FALSE(one);
            EXPECT_THROW(static_cast<void>(one.result()), twill::usage_error);
            child<int> none;
            EXPECT_FALSE(none.has_ended());
            EXPECT_THROW(static_cast<void>(none.result()), twill::usage_error);
        });
    });
}

TEST(Child, CanBeAskedByAnotherChildAndAfterTheScope) {
    run({}, []() -> task<> {
        child<int> kept;
        int sum = 0;
        co_await scope([&](scope_ref s) -> task<> {
            kept = spawn_child(s, give_later<int>, 1);
            auto add = [&sum](child<int> of) -> task<> { sum += co_await of.result(); };
            for (int i = 10; i < 13; ++i) s.spawn(add, spawn_child(s, give_later<int>, i));
            co_return;
        });
        EXPECT_EQ(sum, 10 + 11 + 12);
        EXPECT_TRUE(kept.has_ended());
        EXPECT_EQ(co_await kept.result(), 1);
    });
}

TEST(Child, WhoseResultNobodyWantsIsAChildAsAnyOther) {
    run({}, []() -> task<> {
        bool ended = false;
        co_await scope([&](scope_ref s) -> task<> {
            static_cast<void>(spawn_child(s, [&]() -> task<int> {
                co_await twill::yield();
                ended = true;
                co_return 1;
            }));
            co_return;
        });
        EXPECT_TRUE(ended);
    });
}

TEST(Child, FailureIsThrownByTheResultAndByTheScope) {
    run({}, []() -> task<> {
        int seen = 0;
        int thrown = 0;
        bool sibling_was_cut = false;
        try {
            co_await scope([&](scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    sibling_was_cut = co_await throws<twill::cancelled>(for_ever());
                });
                auto failing = spawn_child(s, fail, 7);
                try {
                    co_await failing.result();
                } catch (const failure& f) {
                    seen = f.number;
                }
            });
        } catch (const failure& f) {
            thrown = f.number;
        }
        EXPECT_EQ(seen, 7);
        EXPECT_EQ(thrown, 7);
        EXPECT_TRUE(sibling_was_cut);
    });
}

TEST(Child, WhoseFailureIsThrownOnByWhoAskedHasFailedOnce) {
    run({}, []() -> task<> {
        std::vector<std::exception_ptr> others;
        EXPECT_TRUE(co_await throws<failure>(
            scope([](scope_ref s) -> task<> { co_await spawn_child(s, fail, 7).result(); },
                  {.other_failures = &others})));
        EXPECT_EQ(others.size(), 0U) << "the same failure twice";
    });
}

TEST(Child, OfACancelledScopeWasCutShort) {
    run({}, []() -> task<> {
        child<void> cut;
        co_await scope([&](scope_ref s) -> task<> {
            cut = spawn_child(s, for_ever);
            s.cancel();
            co_return;
        });
        EXPECT_TRUE(co_await throws<twill::cancelled>(cut.result()));
    });
}

TEST(Child, WhoseCallableThrowsHasFailed) {
    run({}, []() -> task<> {
        bool told = false;
        const auto throwing = []() -> task<int> { throw failure(1); };
        auto whole = scope(
            [&](scope_ref s) -> task<> {
                told = co_await throws<failure>(
                    spawn_child(s, std::function<task<int>()>(throwing)).result());
            },
            {.on_failure = twill::failure_policy::leave_rest});
        EXPECT_TRUE(co_await throws<failure>(std::move(whole)));
        EXPECT_TRUE(told);
    });
}

TEST(Child, WaitThatIsCancelledLeavesTheChild) {
    run({}, []() -> task<> {
        manual_operation release;
        int value = 0;
        co_await scope([&](scope_ref s) -> task<> {
            auto slow = spawn_child(s, [&]() -> task<int> {
                co_await borrowed(release);
                co_return value = 5;
            });
            bool expired = false;
            try {
                co_await twill::with_timeout(1ms, slow.result());
            } catch (const twill::timed_out&) {
                expired = true;
            }
            EXPECT_TRUE(expired);
            release.finish();
        });
        EXPECT_EQ(value, 5);
    });
}

TEST(Child, CutAnywhereLeavesNothingBehind) {
    const auto kept = [](live one) -> task<live> {
        co_await twill::yield();
        co_return one;
    };
    cancel_everywhere([&]() -> task<> {
        co_await scope([&](scope_ref s) -> task<> {
            auto a = spawn_child(s, kept, live());
            auto b = spawn_child(s, kept, live());
            static_cast<void>(co_await a.result());
            static_cast<void>(co_await b.result());
        });
    });
}

}  // namespace
