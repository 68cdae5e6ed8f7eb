#include <twill/async/latch.hpp>

#include <twill/core/error.hpp>
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

TEST(latch, opens_at_zero_and_stays_open) {
    run([]() -> task<> {
        twill::latch l(3);
        bool passed = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await l.wait();
                passed = true;
            });
            co_await twill::yield();
            l.count_down(2);
            co_await twill::yield();
            EXPECT_FALSE(passed);
            EXPECT_FALSE(l.is_open());
            l.count_down();
        });
        EXPECT_TRUE(passed);
        co_await l.wait();
        co_await twill::latch(0).wait();
    });
}

TEST(latch, refuses_to_be_counted_below_zero) {
    twill::latch l(2);
    EXPECT_THROW(l.count_down(3), twill::usage_error);
    EXPECT_FALSE(l.is_open()) << "nothing was counted";
    l.count_down(2);
    EXPECT_THROW(l.count_down(), twill::usage_error);
    l.count_down(0);
}

TEST(latch, cut_anywhere_leaves_nobody_behind) {
    cancel_everywhere([]() -> task<> {
        twill::latch l(2);
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 2; ++i)
                s.spawn([&]() -> task<> {
                    l.count_down();
                    co_await l.wait();
                });
            co_return;
        });
    });
}

TEST(latch, may_be_destroyed_by_who_passed) {
    for (int i = 0; i < 3'000; ++i) {
        auto l = std::make_unique<twill::latch>(2);
        std::thread other([&l = *l] { l.count_down(); });
        l->count_down();
        l->wait_blocking();
        l.reset();
        other.join();
    }
}

TEST(latch, shows_what_all_did_before) {
    const crowd_size size;
    twill::latch l(static_cast<std::uint64_t>(all_of(size)));
    int done[16] = {};
    twill::atomic<int> complete{0};
    const auto look = [&] {
        int sum = 0;
        for (const int each : done) sum += each;
        if (sum == all_of(size)) ++complete;
    };
    crowd(
        size,
        [&](int i) -> task<> {
            done[i] = 1;
            l.count_down();
            co_await l.wait();
            look();
        },
        [&](int i) {
            done[i] = 1;
            l.count_down();
            l.wait_blocking();
            look();
        });
    EXPECT_EQ(complete.load(), all_of(size));
}

}  // namespace
