#include <twill/async/barrier.hpp>

#include <twill/async/wait_blocking.hpp>
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
#include <thread>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::run;
using twill::task;

TEST(barrier, lets_all_go_on_together_and_tells_one) {
    run({.event_threads = 1}, []() -> task<> {
        twill::barrier b(3);
        int arrived = 0;
        int told = 0;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 3; ++i)
                s.spawn([&]() -> task<> {
                    for (int phase = 1; phase <= 4; ++phase) {
                        ++arrived;
                        if (co_await b.arrive_and_wait()) ++told;
                        EXPECT_GE(arrived, 3 * phase);
                    }
                });
            co_return;
        });
        EXPECT_EQ(told, 4);
    });
}

TEST(barrier, cancelled_party_has_not_arrived) {
    run([]() -> task<> {
        twill::barrier b(2);
        EXPECT_TRUE(
            co_await throws<twill::timed_out>(twill::with_timeout(1ms, b.arrive_and_wait())));
        bool passed = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await b.arrive_and_wait();
                passed = true;
            });
            co_await twill::yield();
            co_await twill::yield();
            EXPECT_FALSE(passed) << "it counted an arrival that was withdrawn";
            co_await b.arrive_and_wait();
        });
        EXPECT_TRUE(passed);
    });
}

TEST(barrier, one_who_leaves_lets_the_others_go_on) {
    run([]() -> task<> {
        twill::barrier b(3);
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 2; ++i)
                s.spawn([&]() -> task<> {
                    co_await b.arrive_and_wait();
                    co_await b.arrive_and_wait();
                });
            co_await twill::yield();
            b.drop();
        });
        b.drop();
        EXPECT_TRUE(co_await b.arrive_and_wait()) << "alone";
        b.drop();
        EXPECT_THROW(b.drop(), twill::usage_error);
    });
}

TEST(barrier, cut_anywhere_leaves_nobody_behind) {
    cancel_everywhere([]() -> task<> {
        twill::barrier b(3);
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 3; ++i)
                s.spawn([&]() -> task<> {
                    co_await b.arrive_and_wait();
                    co_await b.arrive_and_wait();
                });
            co_return;
        });
    });
}

TEST(barrier, thread_that_did_not_wait_long_enough_has_not_arrived) {
    twill::barrier b(2);
    EXPECT_EQ(twill::wait_blocking_for(1us, b.arrive_and_wait()), std::nullopt);
    std::optional<bool> other;
    std::thread party([&] { other = twill::wait_blocking_for(1h, b.arrive_and_wait()); });
    // If the first arrival had been counted, the other party would be through alone.
    const auto mine = twill::wait_blocking_for(1h, b.arrive_and_wait());
    party.join();
    ASSERT_TRUE(mine && other);
    EXPECT_NE(*mine, *other) << "one of the two is told that it was the last";
}

TEST(barrier, keeps_tasks_threads_and_workers_in_step) {
    static constexpr int phases = 300;
    const crowd_size size;
    twill::barrier b(static_cast<std::uint64_t>(all_of(size)));
    int at[16] = {};
    twill::atomic<int> told{0};
    twill::atomic<bool> out_of_step{false};
    const auto look = [&](int phase) {
        for (int i = 0; i < all_of(size); ++i)
            if (at[i] != phase) out_of_step = true;
    };
    crowd(
        size,
        [&](int i) -> task<> {
            for (int phase = 1; phase <= phases; ++phase) {
                at[i] = phase;
                if (co_await b.arrive_and_wait()) ++told;
                look(phase);
                co_await b.arrive_and_wait();
            }
        },
        [&](int i) {
            for (int phase = 1; phase <= phases; ++phase) {
                at[i] = phase;
                if (b.arrive_and_wait_blocking()) ++told;
                look(phase);
                b.arrive_and_wait_blocking();
            }
        });
    EXPECT_EQ(told.load(), phases);
    EXPECT_FALSE(out_of_step.load());
}

}  // namespace
