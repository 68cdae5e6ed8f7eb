#include <twill/async/auto_reset_event.hpp>

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace {

using namespace twill_test;
using twill::run;
using twill::task;

TEST(auto_reset_event, lets_one_pass_for_each_set) {
    run({.event_threads = 1}, []() -> task<> {
        twill::auto_reset_event event;
        std::vector<int> passed;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 3; ++i)
                s.spawn(
                    [&](int number) -> task<> {
                        co_await event.wait();
                        passed.push_back(number);
                    },
                    i);
            co_await twill::yield();
            for (std::size_t n = 1; n <= 3; ++n) {
                event.set();
                co_await twill::yield();
                EXPECT_EQ(passed.size(), n);
            }
        });
        EXPECT_EQ(passed, (std::vector{0, 1, 2}));
    });
}

TEST(auto_reset_event, several_sets_without_a_waiter_are_one) {
    twill::auto_reset_event event;
    event.set();
    event.set();
    event.wait_blocking();
    EXPECT_FALSE(event.try_wait());
    EXPECT_TRUE(twill::auto_reset_event(true).try_wait());
}

TEST(auto_reset_event, signal_given_to_a_task_that_is_cancelled_then_lets_it_pass) {
    run([]() -> task<> {
        twill::auto_reset_event event;
        bool passed = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await event.wait();
                passed = true;
            });
            co_await twill::yield();
            event.set();
            s.cancel();
        });
        EXPECT_TRUE(passed) << "the signal would be lost";
        EXPECT_FALSE(event.try_wait());
    });
}

TEST(auto_reset_event, cut_anywhere_loses_no_signal) {
    cancel_everywhere([]() -> task<> {
        twill::auto_reset_event event;
        int passed = 0;
        int set = 0;
        std::exception_ptr cut;
        try {
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                for (int i = 0; i < 2; ++i)
                    s.spawn([&]() -> task<> {
                        co_await event.wait();
                        ++passed;
                    });
                for (; set < 2; ++set) {
                    co_await twill::yield();
                    event.set();
                }
            });
        } catch (...) {
            cut = std::current_exception();
        }
        if (event.try_wait()) ++passed;
        EXPECT_LE(passed, 2);
        if (cut) std::rethrow_exception(cut);
        EXPECT_EQ(passed, 2);
    });
}

TEST(auto_reset_event, may_be_destroyed_by_who_passed) {
    for (int i = 0; i < 3'000; ++i) {
        auto event = std::make_unique<twill::auto_reset_event>();
        std::thread other([&e = *event] { e.set(); });
        event->wait_blocking();
        event.reset();
        other.join();
    }
}

// Two sides hand one signal back and forth: a lost one would stop them.
TEST(auto_reset_event, loses_no_signal_between_a_task_and_a_thread) {
    static constexpr int rounds = 20'000;
    twill::auto_reset_event ping, pong;
    int turn = 0;
    std::thread other([&] {
        for (int i = 0; i < rounds; ++i) {
            ping.wait_blocking();
            ++turn;
            pong.set();
        }
    });
    run([&]() -> task<> {
        for (int i = 0; i < rounds; ++i) {
            ++turn;
            ping.set();
            co_await pong.wait();
        }
    });
    other.join();
    EXPECT_EQ(turn, 2 * rounds);
}

TEST(auto_reset_event, blocking_face_is_refused_on_an_event_thread) {
    run([]() -> task<> {
        twill::auto_reset_event event(true);
        EXPECT_THROW(event.wait_blocking(), twill::usage_error);
        EXPECT_TRUE(event.try_wait());
        co_return;
    });
}

}  // namespace
