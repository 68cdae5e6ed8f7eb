#include <twill/async/mutex.hpp>

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include "crowd.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::run;
using twill::task;

TEST(mutex, is_free_again_when_its_guard_goes) {
    run([]() -> task<> {
        twill::mutex m;
        {
            const auto hold = co_await m.lock();
            EXPECT_TRUE(hold);
            EXPECT_FALSE(m.try_lock()) << "it is held";
        }
        auto again = m.try_lock();
        EXPECT_TRUE(again);
        again.unlock();
        EXPECT_FALSE(again);
        EXPECT_TRUE(m.try_lock());
    });
}

TEST(mutex, guard_moves) {
    twill::mutex m;
    auto first = m.lock_blocking();
    auto second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that is the point
    EXPECT_TRUE(second);
    second = twill::mutex_guard();
    EXPECT_TRUE(m.try_lock()) << "assigning another guard frees what was held";
}

TEST(mutex, is_handed_over_in_the_order_of_asking) {
    run({.event_threads = 1}, []() -> task<> {
        twill::mutex m;
        std::vector<int> order;
        auto hold = co_await m.lock();
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 5; ++i)
                s.spawn(
                    [&](int number) -> task<> {
                        const auto mine = co_await m.lock();
                        order.push_back(number);
                        co_await twill::yield();
                    },
                    i);
            co_await twill::yield();
            hold.unlock();
            EXPECT_FALSE(m.try_lock()) << "nobody overtakes those who wait";
        });
        EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4}));
        EXPECT_TRUE(m.try_lock());
    });
}

TEST(mutex, cancelled_waiter_lets_the_next_one_have_it) {
    run([]() -> task<> {
        twill::mutex m;
        auto hold = co_await m.lock();
        bool second_had_it = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(1ms, m.lock())));
                hold.unlock();
            });
            s.spawn([&]() -> task<> {
                const auto mine = co_await m.lock();
                second_had_it = true;
            });
            co_return;
        });
        EXPECT_TRUE(second_had_it);
        EXPECT_TRUE(m.try_lock()) << "the one who gave up holds nothing";
    });
}

TEST(mutex, that_was_handed_over_is_kept_by_a_task_that_is_cancelled_then) {
    run([]() -> task<> {
        twill::mutex m;
        auto hold = co_await m.lock();
        bool had_it = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                const auto mine = co_await m.lock();
                had_it = static_cast<bool>(mine);
            });
            co_await twill::yield();
            hold.unlock();  // the child has it now, before it runs
            s.cancel();
        });
        EXPECT_TRUE(had_it) << "a result that is complete beats the cancellation";
        EXPECT_TRUE(m.try_lock());
    });
}

TEST(mutex, cancelled_task_does_not_get_a_free_one) {
    run([]() -> task<> {
        twill::mutex m;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.cancel();
            EXPECT_TRUE(co_await throws<twill::cancelled>(m.lock()));
        });
        EXPECT_TRUE(m.try_lock());
    });
}

TEST(mutex, endless_use_of_a_free_one_lets_others_run) {
    run([]() -> task<> {
        twill::mutex m;
        bool stop = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                while (!stop) static_cast<void>(co_await m.lock());
            });
            s.spawn([&] { stop = true; });
            co_return;
        });
    });
}

TEST(mutex, blocking_face_is_refused_on_an_event_thread) {
    run([]() -> task<> {
        twill::mutex m;
        EXPECT_THROW(static_cast<void>(m.lock_blocking()), twill::usage_error);
        EXPECT_TRUE(m.try_lock()) << "nothing was locked";
        co_return;
    });
}

TEST(mutex, cut_anywhere_leaves_it_free) {
    cancel_everywhere([]() -> task<> {
        twill::mutex m;
        std::optional<twill::mutex_guard> hold = co_await m.lock();
        const bool cut =
            co_await throws<twill::cancelled>(twill::scope([&](twill::scope_ref s) -> task<> {
                for (int i = 0; i < 3; ++i)
                    s.spawn([&]() -> task<> {
                        const auto mine = co_await m.lock();
                        co_await twill::yield();
                    });
                co_await twill::yield();
                hold.reset();
            }));
        hold.reset();
        EXPECT_TRUE(m.try_lock());
        if (cut) throw twill::cancelled();
    });
}

TEST(mutex, excludes_tasks_threads_and_workers) {
    static constexpr int each = 2'000;
    twill::mutex m;
    int count = 0;  // plain: the thread sanitizer sees whether the mutex orders the sections
    const crowd_size size;
    crowd(
        size,
        [&](int) -> task<> {
            for (int i = 0; i < each; ++i) {
                const auto hold = co_await m.lock();
                const int before = count;
                if (i % 16 == 0) co_await twill::yield();
                count = before + 1;
            }
        },
        [&](int) {
            for (int i = 0; i < each; ++i) {
                const auto hold = m.lock_blocking();
                ++count;
            }
        });
    EXPECT_EQ(count, all_of(size) * each);
}

}  // namespace
