#include <twill/async/lock_order.hpp>

#include <twill/async/condition_variable.hpp>
#include <twill/async/guarded.hpp>
#include <twill/async/mutex.hpp>
#include <twill/async/shared_mutex.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/core/when_all.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::mutex;
using twill::run;
using twill::task;

class LockOrder : public testing::Test {
protected:
    LockOrder() {
        twill::forget_lock_order();
        twill::watch_lock_order([this](std::string_view said) { reports.emplace_back(said); });
    }
    ~LockOrder() override { twill::forget_lock_order(); }

    static bool names(const std::string& report, int line) {
        return report.find("lock_order_test.cpp:" + std::to_string(line) + " ") !=
                   std::string::npos ||
               report.find("lock_order_test.cpp:" + std::to_string(line) + ",") !=
                   std::string::npos ||
               report.find("lock_order_test.cpp:" + std::to_string(line) + "\n") !=
                   std::string::npos;
    }

    std::vector<std::string> reports;
};

template <class First, class Second>
task<> one_in_the_other(First& first, Second& second) {
    const auto outer = co_await first.lock();
    const auto inner = co_await second.lock();
}

TEST_F(LockOrder, TellsOfContradictingOrdersWithAllPlaces) {
    mutex a;
    mutex b;
    int lines[4] = {};
    run({}, [&]() -> task<> {
        {
            lines[0] = __LINE__ + 1;
            const auto outer = co_await a.lock();
            lines[1] = __LINE__ + 1;
            const auto inner = co_await b.lock();
        }
        EXPECT_TRUE(reports.empty());
        lines[2] = __LINE__ + 1;
        const auto outer = co_await b.lock();
        lines[3] = __LINE__ + 1;
        const auto inner = co_await a.lock();  // nobody is in the way, this time
    });
    ASSERT_EQ(reports.size(), 1U);
    for (const int line : lines) EXPECT_TRUE(names(reports[0], line)) << line << reports[0];
}

TEST_F(LockOrder, TellsOfACycleOfThreeOnce) {
    mutex a;
    mutex b;
    mutex c;
    run({}, [&]() -> task<> {
        co_await one_in_the_other(a, b);
        co_await one_in_the_other(b, c);
        EXPECT_TRUE(reports.empty());
        for (int i = 0; i < 3; ++i) co_await one_in_the_other(c, a);
    });
    EXPECT_EQ(reports.size(), 1U);
}

TEST_F(LockOrder, SaysNothingOfOneOrderEverywhere) {
    mutex a;
    mutex b;
    mutex c;
    run({}, [&]() -> task<> {
        for (int i = 0; i < 3; ++i) {
            co_await one_in_the_other(a, b);
            co_await one_in_the_other(b, c);
            co_await one_in_the_other(a, c);
        }
        // One after the other is no order.
        {
            const auto hold = co_await c.lock();
        }
        {
            const auto hold = co_await a.lock();
        }
        // Nor are the locks of two tasks.
        co_await twill::when_all(
            [](mutex& m) -> task<> {
                const auto hold = co_await m.lock();
                co_await twill::sleep(1ms);
            }(c),
            [](mutex& m) -> task<> {
                co_await twill::yield();
                const auto hold = co_await m.lock();
            }(a));
    });
    EXPECT_TRUE(reports.empty()) << reports[0];
}

TEST_F(LockOrder, TellsOfATaskThatWaitsForItself) {
    mutex a;
    run({}, [&]() -> task<> {
        static_cast<void>(
            co_await throws<twill::timed_out>(twill::with_timeout(1ms, one_in_the_other(a, a))));
    });
    twill::shared_mutex s;
    run({}, [&]() -> task<> {
        const auto hold = co_await s.lock_shared();
        const auto again = co_await s.lock_shared();  // hangs when a writer waits in between
    });
    ASSERT_EQ(reports.size(), 2U);
    for (const auto& each : reports)
        EXPECT_NE(each.find("waits for itself"), std::string::npos) << each;
}

TEST_F(LockOrder, WatchesReadersWritersValuesAndThreads) {
    twill::shared_mutex table;
    twill::guarded<int> value(1);
    const auto in_a_thread = [](auto work) { std::thread(work).join(); };
    in_a_thread([&] {
        const auto outer = table.lock_shared_blocking();
        const auto inner = value.lock_blocking();
    });
    in_a_thread([&] {
        const auto outer = value.try_lock();
        EXPECT_TRUE(table.try_lock()) << "it does not wait, so it is no order";
    });
    EXPECT_TRUE(reports.empty());
    in_a_thread([&] {
        const auto outer = value.try_lock();
        const auto inner = table.lock_blocking();
    });
    EXPECT_EQ(reports.size(), 1U);
}

TEST_F(LockOrder, ForgetsLocksThatHaveEnded) {
    mutex a;
    run({}, [&]() -> task<> {
        for (int i = 0; i < 10; ++i) {
            mutex b;  // mostly at the same address
            if (i % 2 == 0)
                co_await one_in_the_other(a, b);
            else
                co_await one_in_the_other(b, a);
        }
    });
    EXPECT_TRUE(reports.empty()) << reports[0];
}

TEST_F(LockOrder, KnowsThatALockIsFreeHoweverItsGuardGoes) {
    mutex a;
    mutex b;
    twill::condition_variable changed;
    run({}, [&]() -> task<> {
        auto hold = co_await a.lock();
        auto moved = std::move(hold);
        moved.unlock();
        co_await one_in_the_other(b, a);
        moved = co_await a.lock();
        moved = {};
        EXPECT_TRUE(co_await throws<twill::timed_out>(
            twill::with_timeout(1ms, [](mutex& m, twill::condition_variable& c) -> task<> {
                auto held = co_await m.lock();
                co_await c.wait(held);
            }(a, changed))));
        co_await one_in_the_other(b, a);
    });
    EXPECT_TRUE(reports.empty()) << reports[0];
}

task<> take(mutex& one, mutex::guard& into) { into = co_await one.lock(); }

// Whoever comes after it may have its address.
TEST_F(LockOrder, SaysNothingOfATaskThatFollowsOneWhoseGuardWasMovedAway) {
    mutex a;
    mutex b;
    run({.event_threads = 1}, [&]() -> task<> {
        mutex::guard first;
        mutex::guard second;
        const auto in_a_task = [](mutex& one, mutex::guard& into) -> task<> {
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                s.spawn(take, std::ref(one), std::ref(into));
                co_return;
            });
        };
        co_await in_a_task(a, first);
        co_await in_a_task(b, second);
        first.unlock();
        second.unlock();
        co_await one_in_the_other(b, a);
    });
    EXPECT_TRUE(reports.empty()) << reports[0];
}

TEST_F(LockOrder, SaysNothingOfAThreadThatFollowsOneWhoseGuardWasMovedAway) {
    mutex a;
    mutex b;
    mutex::guard kept;
    std::thread([&] { kept = a.lock_blocking(); }).join();
    std::thread([&] { const auto hold = b.lock_blocking(); }).join();
    kept.unlock();
    std::thread([&] {
        const auto outer = b.lock_blocking();
        const auto inner = a.lock_blocking();
    }).join();
    EXPECT_TRUE(reports.empty()) << reports[0];
}

// The function that takes reports need not be made for several threads.
TEST_F(LockOrder, ReportsComeOneAtATime) {
    std::mutex lock;
    std::condition_variable changed;
    int inside = 0;
    int most = 0;
    int all = 0;
    twill::watch_lock_order([&](std::string_view) {
        std::unique_lock hold(lock);
        ++all;
        most = std::max(most, ++inside);
        changed.notify_all();
        // For another one that would come, if it could.
        changed.wait_for(hold, 100ms, [&] { return inside > 1; });
        --inside;
    });
    const auto contradict = [] {
        mutex a;
        mutex b;
        for (auto [first, second] : {std::pair(&a, &b), std::pair(&b, &a)}) {
            const auto outer = first->lock_blocking();
            const auto inner = second->lock_blocking();
        }
    };
    std::thread one(contradict);
    std::thread other(contradict);
    one.join();
    other.join();
    EXPECT_EQ(all, 2);
    EXPECT_EQ(most, 1);
}

TEST_F(LockOrder, SaysNothingOnceItIsForgotten) {
    mutex a;
    mutex b;
    run({}, [&]() -> task<> {
        co_await one_in_the_other(a, b);
        auto held = co_await a.lock();
        twill::forget_lock_order();
        held.unlock();
        co_await one_in_the_other(b, a);
        twill::watch_lock_order([this](std::string_view said) { reports.emplace_back(said); });
        co_await one_in_the_other(b, a);
    });
    EXPECT_TRUE(reports.empty()) << reports[0];
}

TEST_F(LockOrder, GoesToStandardErrorUnlessSaidOtherwise) {
    mutex a;
    mutex b;
    twill::watch_lock_order();
    testing::internal::CaptureStderr();
    run({}, [&]() -> task<> {
        co_await one_in_the_other(a, b);
        co_await one_in_the_other(b, a);
    });
    EXPECT_NE(testing::internal::GetCapturedStderr().find("contradicting orders"),
              std::string::npos);
}

// Not a LockOrder: the process was told by its environment.
TEST(LockOrderProgram, DISABLED_takes_two_locks_in_both_orders) {
    mutex a;
    mutex b;
    run({}, [&]() -> task<> {
        co_await one_in_the_other(a, b);
        co_await one_in_the_other(b, a);
    });
}

std::string said_by_program(const char* setting) {
    const std::string command =
        "TWILL_LOCK_ORDER=" + std::string(setting) + " /proc/" + std::to_string(getpid()) +
        "/exe --gtest_also_run_disabled_tests --gtest_filter='LockOrderProgram.*' 2>&1";
    std::string said;
    FILE* const out = popen(command.c_str(), "r");
    for (int c = std::fgetc(out); c != EOF; c = std::fgetc(out)) said += static_cast<char>(c);
    EXPECT_EQ(pclose(out), 0) << said;
    return said;
}

TEST(LockOrderEnvironment, TurnsItOnAndOff) {
    EXPECT_NE(said_by_program("1").find("contradicting orders"), std::string::npos);
    EXPECT_EQ(said_by_program("0").find("contradicting orders"), std::string::npos);
}

}  // namespace
