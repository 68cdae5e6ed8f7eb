#include <twill/runtime/blocking.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/when_all.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::blocking;
using twill::compute;
using twill::run;
using twill::task;

TEST(Blocking, GivesWhatTheFunctionGivesFromAnotherThread) {
    run({.event_threads = 1}, []() -> task<> {
        const auto here = std::this_thread::get_id();
        EXPECT_NE(co_await blocking([] { return std::this_thread::get_id(); }), here);
        EXPECT_EQ(std::this_thread::get_id(), here) << "the task goes on where it was";
        int place = 0;
        int& same = co_await blocking([&]() -> int& { return place; });
        EXPECT_EQ(&same, &place);
        auto pointer =
            co_await blocking([p = std::make_unique<int>(3)]() mutable { return std::move(p); });
        EXPECT_EQ(*pointer, 3);
        co_await blocking([] {});
    });
}

TEST(Blocking, ThrowsWhatTheFunctionThrows) {
    run([]() -> task<> {
        EXPECT_TRUE(co_await throws<failure>(blocking([] { throw failure(1); })));
    });
}

TEST(Blocking, TasksGoOnMeanwhile) {
    run([]() -> task<> {
        twill::atomic<bool> go_on{false};
        co_await twill::when_all(blocking([&] {
                                     while (!go_on.load()) std::this_thread::yield();
                                 }),
                                 [](twill::atomic<bool>& flag) -> task<> {
                                     co_await twill::yield();
                                     flag.store(true);
                                 }(go_on));
    });
}

TEST(Blocking, CancelledWhileItWaitsForAThreadItNeverRuns) {
    run({.blocking_threads = 1}, []() -> task<> {
        twill::atomic<bool> go_on{false};
        bool second_ran = false;
        co_await twill::scope([&](twill::scope_ref outer) -> task<> {
            outer.spawn([&]() -> task<> {
                co_await blocking([&] {
                    while (!go_on.load()) std::this_thread::yield();
                });
            });
            co_await twill::yield();
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                s.spawn([&]() -> task<> { co_await blocking([&] { second_ran = true; }); });
                co_await twill::yield();
                s.cancel();
            });
            go_on.store(true);
        });
        EXPECT_FALSE(second_ran);
    });
}

TEST(Blocking, CancelledWhileItRunsItsResultIsGiven) {
    run([]() -> task<> {
        int result = 0;
        twill::atomic<bool> runs{false};
        twill::atomic<bool> go_on{false};
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                result = co_await blocking([&] {
                    runs.store(true);
                    while (!go_on.load()) std::this_thread::yield();
                    return 5;
                });
            });
            while (!runs.load()) co_await twill::yield();
            s.cancel();
            go_on.store(true);
        });
        EXPECT_EQ(result, 5);
    });
}

TEST(Blocking, ThousandsAtOnceWithFewThreads) {
    run({.blocking_threads = 3}, []() -> task<> {
        twill::atomic<int> calls{0};
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 3000; ++i)
                s.spawn([&]() -> task<> { co_await blocking([&] { calls.fetch_add(1); }); });
            co_return;
        });
        EXPECT_EQ(calls.load(), 3000);
    });
}

TEST(Blocking, CutAnywhereLeavesNothingBehind) {
    cancel_everywhere([]() -> task<> {
        auto call = [](live) -> task<live> {
            co_return co_await blocking([counted = live()] { return counted; });
        };
        static_cast<void>(co_await call(live()));
        static_cast<void>(co_await twill::when_all(call(live()), call(live())));
    });
}

TEST(Compute, CutAnywhereLeavesNothingBehind) {
    cancel_everywhere([]() -> task<> {
        auto call = [](live) -> task<live> {
            co_return co_await compute([counted = live()] { return counted; });
        };
        static_cast<void>(co_await call(live()));
        static_cast<void>(co_await twill::when_all(call(live()), call(live())));
    });
}

TEST(Compute, GivesAndThrowsWhatTheFunctionDoes) {
    run([]() -> task<> {
        EXPECT_EQ(co_await compute([] { return 3; }), 3);
        EXPECT_TRUE(co_await throws<failure>(compute([] { throw failure(1); })));
    });
}

}  // namespace
