#include <twill/async/future.hpp>

#include <twill/async/manual_reset_event.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::from_future;
using twill::run;
using twill::spawn_future;
using twill::task;

TEST(future, of_others_is_awaited_while_tasks_run) {
    run({}, []() -> task<> {
        std::promise<std::unique_ptr<int>> theirs;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn(
                [](std::future<std::unique_ptr<int>> f) -> task<> {
                    EXPECT_EQ(*co_await from_future(std::move(f)), 7);
                },
                theirs.get_future());
            co_await twill::yield();
            theirs.set_value(std::make_unique<int>(7));
        });
        EXPECT_EQ(co_await from_future(std::async(std::launch::deferred, [] { return 3; })), 3);
        EXPECT_EQ(co_await from_future(std::async(std::launch::async, [] { return 4; })), 4);
        std::promise<std::string> shared;
        const std::shared_future<std::string> both = shared.get_future();
        shared.set_value("text");
        EXPECT_EQ(co_await from_future(both), "text");
        EXPECT_EQ(co_await from_future(both), "text");
        std::promise<void> nothing;
        nothing.set_value();
        co_await from_future(nothing.get_future());
    });
}

TEST(future, throws_what_it_holds) {
    run({}, []() -> task<> {
        std::promise<int> theirs;
        theirs.set_exception(std::make_exception_ptr(failure(2)));
        EXPECT_TRUE(co_await throws<failure>(from_future(theirs.get_future())));
        EXPECT_TRUE(co_await throws<std::future_error>(from_future(std::future<int>())));
        std::future<int> broken = std::promise<int>().get_future();
        EXPECT_TRUE(co_await throws<std::future_error>(from_future(std::move(broken))));
    });
}

TEST(future, that_never_comes_can_be_given_up) {
    run({}, []() -> task<> {
        std::promise<int> never;
        EXPECT_TRUE(co_await throws<twill::timed_out>(
            twill::with_timeout(1ms, from_future(never.get_future()))));
    });
}

// A future of std::async waits for its function when it goes: it must not go on the event thread.
TEST(future, of_std_async_that_is_not_waited_for_holds_up_nobody) {
    bool in_time = false;
    {
        twill::runtime here;
        std::promise<void> given_up;
        here.run([&]() -> task<> {
            auto slow = std::async(std::launch::async, [&, told = given_up.get_future()] {
                in_time = told.wait_for(20s) == std::future_status::ready;
            });
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                s.cancel();  // so that no thread will wait for it
                EXPECT_TRUE(co_await throws<twill::cancelled>(from_future(std::move(slow))));
            });
            given_up.set_value();
        });
    }
    EXPECT_TRUE(in_time) << "the event thread waited for the function";
}

TEST(future, of_a_task_gives_its_result_to_a_thread) {
    std::future<std::string> ours;
    std::future<void> failed;
    run({}, [&]() -> task<> {
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            ours = spawn_future(
                s,
                [](std::string text) -> task<std::string> {
                    co_await twill::yield();
                    co_return text + "!";
                },
                "hello");
            failed = spawn_future(s, [] { return fail(3); });
            // A thread that waits meanwhile.
            std::thread other([&] { EXPECT_EQ(ours.get(), "hello!"); });
            co_await twill::sleep(1ms);
            other.join();
        });
    });
    EXPECT_THROW(failed.get(), failure) << "it did not fail the scope";
}

TEST(future, of_a_task_that_is_cut_anywhere_is_ready) {
    cancel_everywhere([]() -> task<> {
        std::future<int> ours;
        std::exception_ptr cut;
        try {
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                ours = spawn_future(s, [] { return give_later(5); });
                co_return;
            });
        } catch (...) {
            cut = std::current_exception();
        }
        if (ours.valid()) {
            EXPECT_EQ(ours.wait_for(0s), std::future_status::ready);
            try {
                EXPECT_EQ(ours.get(), 5);
            } catch (const twill::cancelled&) {
                EXPECT_TRUE(cut);
            }
        }
        if (cut) std::rethrow_exception(cut);
    });
}

}  // namespace
