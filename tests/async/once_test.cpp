#include <twill/async/once.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

#include "crowd.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <thread>

namespace {

using namespace twill_test;
using twill::run;
using twill::task;

TEST(once, is_done_by_the_first_and_the_others_wait_for_it) {
    run([]() -> task<> {
        twill::once made;
        int calls = 0;
        bool ready = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 3; ++i)
                s.spawn([&]() -> task<> {
                    const auto make = [&]() -> task<> {
                        ++calls;
                        co_await twill::yield();
                        ready = true;
                    };
                    co_await made.call(make);
                    EXPECT_TRUE(ready);
                });
            co_return;
        });
        EXPECT_EQ(calls, 1);
        EXPECT_TRUE(made.is_done());
    });
}

TEST(once, failure_leaves_it_to_the_next) {
    run([]() -> task<> {
        twill::once made;
        const auto failing = []() -> task<> { return fail(1); };
        EXPECT_TRUE(co_await throws<failure>(made.call(failing)));
        EXPECT_FALSE(made.is_done());
        int calls = 0;
        co_await made.call([&] { ++calls; });
        co_await made.call([&] { ++calls; });
        EXPECT_EQ(calls, 1) << "a plain function will do";
    });
}

TEST(once, thread_waits_for_somebody_elses_call_only_so_long) {
    using namespace std::chrono_literals;
    twill::once made;
    std::latch begun(1);
    std::latch may_end(1);
    std::thread first([&] {
        made.call_blocking([&] {
            begun.count_down();
            may_end.wait();
        });
    });
    begun.wait();
    int calls = 0;
    EXPECT_FALSE(made.call_blocking_for(1us, [&] { ++calls; }));
    may_end.count_down();
    EXPECT_TRUE(made.call_blocking_for(1h, [&] { ++calls; }));
    first.join();
    EXPECT_EQ(calls, 0);
    twill::once alone;
    EXPECT_TRUE(alone.call_blocking_until(twill::time_point::min(), [&] { ++calls; }));
    EXPECT_EQ(calls, 1) << "what is free is taken however late";
}

TEST(once, cut_anywhere_it_is_done_or_not) {
    cancel_everywhere([]() -> task<> {
        twill::once made;
        int ended = 0;
        const auto make = [&]() -> task<> {
            co_await twill::yield();
            ++ended;
        };
        std::exception_ptr cut;
        try {
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                for (int i = 0; i < 2; ++i) s.spawn([&]() -> task<> { co_await made.call(make); });
                co_return;
            });
        } catch (...) {
            cut = std::current_exception();
        }
        EXPECT_EQ(made.is_done(), ended == 1);
        if (cut) std::rethrow_exception(cut);
    });
}

TEST(once, is_done_once_by_tasks_threads_and_workers) {
    twill::once made;
    int calls = 0;
    twill::atomic<int> saw_it{0};
    const crowd_size size;
    crowd(
        size,
        [&](int) -> task<> {
            const auto make = [&] { ++calls; };
            co_await made.call(make);
            saw_it += calls;
        },
        [&](int) {
            made.call_blocking([&] { ++calls; });
            saw_it += calls;
        });
    EXPECT_EQ(saw_it.load(), all_of(size));
}

TEST(once, waits_for_whatever_can_be_awaited) {
    twill::run([]() -> twill::task<> {
        twill::once once;
        const auto began = twill::now();
        co_await once.call([] { return twill::sleep(std::chrono::milliseconds(2)); });
        EXPECT_GE(twill::now() - began, std::chrono::milliseconds(2));
        EXPECT_TRUE(once.is_done());
    });
}

}  // namespace
