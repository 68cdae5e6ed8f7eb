#include <twill/async/manual_reset_event.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

#include "crowd.hpp"
#include "support/cancel_everywhere.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace {

using namespace twill_test;
using twill::run;
using twill::task;

TEST(manual_reset_event, lets_all_pass_until_it_is_reset) {
    run({.event_threads = 1}, []() -> task<> {
        twill::manual_reset_event gate;
        int passed = 0;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 3; ++i)
                s.spawn([&]() -> task<> {
                    co_await gate.wait();
                    ++passed;
                });
            co_await twill::yield();
            EXPECT_EQ(passed, 0);
            gate.set();
            gate.reset();  // those who waited pass all the same
        });
        EXPECT_EQ(passed, 3);
        EXPECT_FALSE(gate.is_set());
        gate.set();
        co_await gate.wait();
    });
}

TEST(manual_reset_event, cut_anywhere_leaves_nobody_behind) {
    cancel_everywhere([]() -> task<> {
        twill::manual_reset_event gate;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 2; ++i) s.spawn([&]() -> task<> { co_await gate.wait(); });
            co_await twill::yield();
            gate.set();
        });
        co_await gate.wait();
    });
}

TEST(manual_reset_event, may_be_destroyed_by_who_passed) {
    for (int i = 0; i < 3'000; ++i) {
        auto gate = std::make_unique<twill::manual_reset_event>();
        std::thread other([&e = *gate] { e.set(); });
        gate->wait_blocking();
        gate.reset();
        other.join();
    }
}

TEST(manual_reset_event, lets_tasks_threads_and_workers_pass) {
    twill::manual_reset_event gate;
    int data = 0;
    twill::atomic<int> sum{0};
    std::thread opener([&] {
        data = 1;
        gate.set();
    });
    const crowd_size size;
    crowd(
        size,
        [&](int) -> task<> {
            co_await gate.wait();
            sum += data;
        },
        [&](int) {
            gate.wait_blocking();
            sum += data;
        });
    opener.join();
    EXPECT_EQ(sum.load(), all_of(size));
}

}  // namespace
