#include <twill/async/condition_variable.hpp>

#include <twill/async/shared_mutex.hpp>
#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

#include "crowd.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <thread>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::run;
using twill::task;

TEST(condition_variable, notify_one_wakes_who_has_waited_longest_with_the_mutex_held) {
    run({.event_threads = 1}, []() -> task<> {
        twill::mutex m;
        twill::condition_variable changed;
        std::vector<int> order;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 3; ++i)
                s.spawn(
                    [&](int number) -> task<> {
                        auto hold = co_await m.lock();
                        co_await changed.wait(hold);
                        EXPECT_TRUE(hold);
                        EXPECT_FALSE(m.try_lock());
                        order.push_back(number);
                    },
                    i);
            co_await twill::yield();
            EXPECT_TRUE(m.try_lock()) << "those who wait do not hold it";
            changed.notify_one();
            co_await twill::yield();
            co_await twill::yield();
            EXPECT_EQ(order.size(), 1U);
            changed.notify_all();
        });
        EXPECT_EQ(order, (std::vector{0, 1, 2}));
    });
}

TEST(condition_variable, cancelled_wait_has_the_mutex_again_before_it_throws) {
    run([]() -> task<> {
        twill::mutex m;
        twill::condition_variable changed;
        bool held_when_cancelled = false;
        twill::mutex_guard outside;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                auto hold = co_await m.lock();
                try {
                    co_await changed.wait(hold);
                } catch (const twill::cancelled&) {
                    held_when_cancelled = static_cast<bool>(hold) && !m.try_lock();
                    EXPECT_FALSE(outside) << "two hold it at once";
                    throw;
                }
            });
            co_await twill::yield();
            outside = co_await m.lock();
            s.cancel();
            outside.unlock();
        });
        EXPECT_TRUE(held_when_cancelled);
        EXPECT_TRUE(m.try_lock());
    });
}

TEST(condition_variable, works_with_a_shared_mutex) {
    run([]() -> task<> {
        twill::shared_mutex m;
        twill::condition_variable changed;
        bool ready = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                auto hold = co_await m.lock_shared();
                co_await changed.wait(hold, [&] { return ready; });
                EXPECT_FALSE(m.try_lock()) << "it is shared again";
            });
            co_await twill::yield();
            const auto hold = co_await m.lock();
            ready = true;
            changed.notify_all();
        });
        EXPECT_TRUE(m.try_lock());
    });
}

TEST(condition_variable, refuses_a_guard_that_holds_nothing) {
    twill::condition_variable changed;
    twill::mutex_guard none;
    EXPECT_THROW(static_cast<void>(changed.wait(none)), twill::usage_error);
    EXPECT_THROW(changed.wait_blocking(none), twill::usage_error);
}

TEST(condition_variable, cut_anywhere_leaves_the_mutex_free) {
    cancel_everywhere([]() -> task<> {
        twill::mutex m;
        twill::condition_variable changed;
        bool ready = false;
        const bool cut =
            co_await throws<twill::cancelled>(twill::scope([&](twill::scope_ref s) -> task<> {
                for (int i = 0; i < 2; ++i)
                    s.spawn([&]() -> task<> {
                        auto hold = co_await m.lock();
                        co_await changed.wait(hold, [&] { return ready; });
                    });
                co_await twill::yield();
                const auto hold = co_await m.lock();
                ready = true;
                changed.notify_all();
            }));
        EXPECT_TRUE(m.try_lock());
        if (cut) throw twill::cancelled();
    });
}

// A queue as one writes it with a condition variable: all that was put in comes out.
TEST(condition_variable, thread_that_is_not_notified_in_time_has_the_mutex_again) {
    twill::mutex m;
    twill::condition_variable changed;
    auto hold = m.lock_blocking();
    EXPECT_FALSE(changed.wait_blocking_for(hold, 1us));
    EXPECT_TRUE(hold);
    EXPECT_FALSE(m.try_lock());
    bool ready = false;
    EXPECT_FALSE(changed.wait_blocking_until(hold, twill::now(), [&] { return ready; }));
    changed.notify_one();  // nobody waits any more, so it is nobody's
    std::thread other([&] {
        const auto mine = m.lock_blocking();
        ready = true;
        changed.notify_one();
    });
    EXPECT_TRUE(changed.wait_blocking_for(hold, 1h, [&] { return ready; }));
    EXPECT_FALSE(m.try_lock());
    other.join();
}

TEST(condition_variable,
     thread_that_gives_up_while_it_is_notified_takes_the_notification_or_leaves_it) {
    twill::mutex m;
    twill::condition_variable changed;
    int tokens = 0;
    int taken = 0;
    twill::atomic<bool> over{false};
    std::thread impatient([&] {
        auto hold = m.lock_blocking();
        for (int i = 0; !over || tokens != 0; ++i)
            if (changed.wait_blocking_for(hold, std::chrono::microseconds(i % 30),
                                          [&] { return tokens != 0; })) {
                --tokens;
                ++taken;
            }
    });
    static constexpr int rounds = 2'000;
    for (int i = 0; i < rounds; ++i) {
        const auto hold = m.lock_blocking();
        ++tokens;
        changed.notify_one();
    }
    over = true;
    impatient.join();
    EXPECT_EQ(taken, rounds);
}

TEST(condition_variable, serves_tasks_threads_and_workers) {
    static constexpr int each = 500;
    twill::mutex m;
    twill::condition_variable changed;
    std::deque<int> queue;
    long taken = 0;
    // Even numbers put in, odd ones take out.
    crowd(
        {.tasks = 2, .threads = 2, .computing = 2},
        [&](int number) -> task<> {
            for (int i = 1; i <= each; ++i) {
                auto hold = co_await m.lock();
                if (number % 2 == 0) {
                    queue.push_back(i);
                    changed.notify_one();
                } else {
                    co_await changed.wait(hold, [&] { return !queue.empty(); });
                    taken += queue.front();
                    queue.pop_front();
                }
            }
        },
        [&](int number) {
            for (int i = 1; i <= each; ++i) {
                auto hold = m.lock_blocking();
                if (number % 2 == 0) {
                    queue.push_back(i);
                    changed.notify_one();
                } else {
                    changed.wait_blocking(hold, [&] { return !queue.empty(); });
                    taken += queue.front();
                    queue.pop_front();
                }
            }
        });
    EXPECT_EQ(taken, 3L * each * (each + 1) / 2);
    EXPECT_TRUE(queue.empty());
}

}  // namespace
