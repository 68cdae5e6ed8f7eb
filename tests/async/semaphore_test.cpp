#include <twill/async/semaphore.hpp>

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include "crowd.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::run;
using twill::task;

TEST(semaphore, permits_bound_those_who_are_inside) {
    int now = 0;
    int most = 0;
    run([&]() -> task<> {
        twill::semaphore s(3);
        co_await twill::scope([&](twill::scope_ref all) -> task<> {
            for (int i = 0; i < 20; ++i)
                all.spawn([&]() -> task<> {
                    const auto permit = co_await s.acquire();
                    most = std::max(most, ++now);
                    co_await twill::yield();
                    --now;
                });
            co_return;
        });
        EXPECT_EQ(s.available(), 3U);
    });
    EXPECT_EQ(most, 3) << "all are used, and no more";
}

TEST(semaphore, who_wants_many_is_not_overtaken) {
    run({.event_threads = 1}, []() -> task<> {
        twill::semaphore s(4);
        std::vector<int> order;
        auto first = co_await s.acquire(3);
        co_await twill::scope([&](twill::scope_ref all) -> task<> {
            for (const int n : {4, 1})
                all.spawn(
                    [&](int wanted) -> task<> {
                        const auto permit = co_await s.acquire(static_cast<std::uint64_t>(wanted));
                        order.push_back(wanted);
                    },
                    n);
            co_await twill::yield();
            EXPECT_TRUE(order.empty()) << "one is free, but it is the first one's turn";
            EXPECT_FALSE(s.try_acquire());
            first.release();
        });
        EXPECT_EQ(order, (std::vector{4, 1}));
    });
}

TEST(semaphore, cancelled_waiter_no_longer_keeps_others_back) {
    run([]() -> task<> {
        twill::semaphore s(2);
        const auto one = co_await s.acquire();
        bool passed = false;
        co_await twill::scope([&](twill::scope_ref all) -> task<> {
            all.spawn([&]() -> task<> {
                EXPECT_TRUE(
                    co_await throws<twill::timed_out>(twill::with_timeout(1ms, s.acquire(2))));
            });
            all.spawn([&]() -> task<> {
                static_cast<void>(co_await s.acquire(1));
                passed = true;
            });
            co_return;
        });
        EXPECT_TRUE(passed);
        EXPECT_EQ(s.available(), 1U);
    });
}

TEST(semaphore, permits_may_come_from_elsewhere_and_be_kept) {
    run([]() -> task<> {
        twill::semaphore s(0);
        std::thread other([&] { s.release(2); });
        auto permit = co_await s.acquire(2);
        EXPECT_EQ(permit.count(), 2U);
        permit.keep();
        EXPECT_EQ(permit.count(), 0U);
        other.join();
        EXPECT_EQ(s.available(), 0U);
        s.release();
        EXPECT_TRUE(s.try_acquire());
    });
}

TEST(semaphore, nothing_is_always_there) {
    twill::semaphore s(0);
    EXPECT_TRUE(s.try_acquire(0));
}

TEST(semaphore, blocking_face_is_refused_on_an_event_thread) {
    run([]() -> task<> {
        twill::semaphore s(1);
        EXPECT_THROW(static_cast<void>(s.acquire_blocking()), twill::usage_error);
        EXPECT_EQ(s.available(), 1U);
        co_return;
    });
}

TEST(semaphore, cut_anywhere_loses_no_permit) {
    cancel_everywhere([]() -> task<> {
        twill::semaphore s(2);
        bool cut = false;
        {
            auto hold = co_await s.acquire(2);
            cut =
                co_await throws<twill::cancelled>(twill::scope([&](twill::scope_ref all) -> task<> {
                    for (const std::uint64_t n : {1U, 2U, 1U})
                        all.spawn(
                            [&](std::uint64_t wanted) -> task<> {
                                const auto mine = co_await s.acquire(wanted);
                                co_await twill::yield();
                            },
                            n);
                    co_await twill::yield();
                    hold.release();
                }));
        }
        EXPECT_EQ(s.available(), 2U);
        if (cut) throw twill::cancelled();
    });
}

// Who has been let through may destroy it, although the other is hardly out of `release`.
TEST(semaphore, may_be_destroyed_by_who_was_let_through) {
    for (int i = 0; i < 3'000; ++i) {
        auto s = std::make_unique<twill::semaphore>(0);
        std::thread other([&s = *s] { s.release(); });
        s->acquire_blocking().keep();
        s.reset();
        other.join();
    }
}

TEST(semaphore, bounds_tasks_threads_and_workers) {
    static constexpr int each = 1'000;
    twill::semaphore s(3);
    twill::atomic<int> inside{0};
    twill::atomic<bool> exceeded{false};
    const auto section = [&](std::uint64_t n) {
        if (inside.fetch_add(static_cast<int>(n)) + static_cast<int>(n) > 3) exceeded = true;
        inside.fetch_sub(static_cast<int>(n));
    };
    crowd(
        {},
        [&](int) -> task<> {
            for (int i = 0; i < each; ++i) {
                const auto permit = co_await s.acquire(1 + static_cast<std::uint64_t>(i) % 3);
                section(permit.count());
            }
        },
        [&](int) {
            for (int i = 0; i < each; ++i) {
                const auto permit = s.acquire_blocking(1 + static_cast<std::uint64_t>(i) % 3);
                section(permit.count());
            }
        });
    EXPECT_FALSE(exceeded.load());
    EXPECT_EQ(s.available(), 3U);
}

}  // namespace
