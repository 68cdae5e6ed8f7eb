#include <twill/async/map_stream.hpp>

#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <ranges>
#include <thread>
#include <variant>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::map_stream;
using twill::result_order;
using twill::result_stream;
using twill::task;

template <class F>
auto run(F main) {
    return twill::run({.compute_threads = 2}, main);
}

task<std::vector<int>> all_of(result_stream<int>& results) {
    std::vector<int> all;
    while (auto next = co_await results.next()) all.push_back(*next);
    co_return all;
}

// The first input's call ends last.
task<int> later_ones_first(int n) {
    for (int i = n; i < 10; ++i) co_await twill::yield();
    co_return n;
}

TEST(map_stream, gives_the_results_in_the_order_of_the_inputs) {
    const std::vector inputs{0, 5, 3, 9};
    EXPECT_EQ(run([&] { return map_stream(inputs, later_ones_first, all_of); }), inputs);
}

TEST(map_stream, gives_the_results_as_they_complete) {
    const std::vector inputs{0, 5, 3, 9};
    EXPECT_EQ(run([&] {
                  return map_stream(inputs, later_ones_first, all_of,
                                    {.order = result_order::completion});
              }),
              (std::vector{9, 5, 3, 0}));
}

TEST(map_stream, gives_the_first_results_while_calls_go_on) {
    run([]() -> task<> {
        manual_operation last;
        const auto call = [&](int n) -> task<int> {
            if (n == 2) co_await borrowed(last);
            co_return n;
        };
        const auto first_three = std::views::iota(0, 3);
        co_await map_stream(first_three, call, [&](result_stream<int>& results) -> task<> {
            EXPECT_EQ(co_await results.next(), 0);
            EXPECT_EQ(co_await results.next(), 1);
            while (!last.started()) co_await twill::yield();
            last.finish();
            EXPECT_EQ(co_await results.next(), 2);
            EXPECT_EQ(co_await results.next(), std::nullopt);
            EXPECT_EQ(co_await results.next(), std::nullopt) << "the end stays the end";
        });
    });
}

// All results but the first wait for it.
TEST(map_stream, may_be_without_a_limit) {
    constexpr int inputs = 1'000;
    int ended = 0;
    const auto call = [&](int n) -> task<int> {
        while (n == 0 && ended != inputs - 1) co_await twill::yield();
        ++ended;
        co_return n;
    };
    const std::vector<int> all = run(
        [&] { return map_stream(std::views::iota(0, inputs), call, all_of, {.limit = SIZE_MAX}); });
    EXPECT_EQ(all.size(), static_cast<std::size_t>(inputs));
    EXPECT_TRUE(std::ranges::is_sorted(all));
}

class map_stream_limits : public testing::TestWithParam<result_order> {};
INSTANTIATE_TEST_SUITE_P(orders, map_stream_limits,
                         testing::Values(result_order::input, result_order::completion));

TEST_P(map_stream_limits, bound_the_calls_and_the_results_that_wait) {
    int now = 0;
    int most = 0;
    int begun = 0;
    run([&] {
        return map_stream(
            std::views::iota(0),  // endless
            [&](int n) -> task<int> {
                ++begun;
                most = std::max(most, ++now);
                co_await twill::yield();
                --now;
                co_return n;
            },
            [&](result_stream<int>& results) -> task<> {
                for (int i = 0; i < 100; ++i) co_await twill::yield();
                EXPECT_EQ(begun, 4 + 3) << "before any was taken";
                for (int i = 0; i < 50; ++i) EXPECT_TRUE((co_await results.next()).has_value());
                for (int i = 0; i < 100; ++i) co_await twill::yield();
                EXPECT_EQ(begun, 50 + 4 + 3);
            },
            {.limit = 4, .order = GetParam(), .ahead = 3});
    });
    EXPECT_EQ(most, 4) << "all of the limit is used, and no more";
    EXPECT_EQ(now, 0);
}

TEST(map_stream, ends_the_calls_when_its_body_ends_and_gives_what_it_gives) {
    int waiting = 0;
    int cut = 0;
    const int first = run([&] {
        return map_stream(
            std::views::iota(0),
            [&](int n) -> task<int> {
                if (n == 0) co_return 42;
                ++waiting;
                if (co_await throws<twill::cancelled>(for_ever())) ++cut;
                throw twill::cancelled();
            },
            [&](result_stream<int>& results) -> task<int> {
                while (waiting < 5) co_await twill::yield();
                co_return *co_await results.next();
            },
            {.limit = 5});
    });
    EXPECT_EQ(first, 42);
    EXPECT_EQ(cut, 5);
}

TEST(map_stream, first_failure_of_a_call_cuts_the_body_and_is_thrown) {
    bool cut = false;
    const auto failing = [&] {
        run([&] {
            return map_stream(
                std::views::iota(0, 10),
                [](int n) -> task<int> {
                    co_await twill::yield();
                    if (n == 3) throw failure(n);
                    co_return n;
                },
                [&](result_stream<int>& results) -> task<> {
                    cut = co_await throws<twill::cancelled>(all_of(results));
                    throw twill::cancelled();
                });
        });
    };
    EXPECT_THROW(failing(), failure);
    EXPECT_TRUE(cut);
}

TEST(map_stream, failure_of_the_body_cuts_the_calls_and_is_thrown) {
    int alive = 0;
    const auto failing = [&] {
        run([&] {
            return map_stream(
                std::views::iota(0),
                [&](int n) -> task<int> {
                    ++alive;
                    static_cast<void>(co_await throws<twill::cancelled>(for_ever()));
                    --alive;
                    co_return n;
                },
                [&](result_stream<int>&) -> task<> {
                    while (alive < 8) co_await twill::yield();
                    throw failure(1);
                },
                {.limit = 8});
        });
    };
    EXPECT_THROW(failing(), failure);
    EXPECT_EQ(alive, 0);
}

TEST(map_stream, no_inputs_give_no_results) {
    EXPECT_TRUE(run([] { return map_stream(std::vector<int>(), give<int>, all_of); }).empty());
}

TEST(map_stream, calls_that_give_nothing_are_counted) {
    run([] {
        return map_stream(
            std::views::iota(0, 20), [](int) { return twill::yield(); },
            [](result_stream<void>& ends) -> task<> {
                int count = 0;
                while (co_await ends.next()) ++count;
                EXPECT_EQ(count, 20);
            });
    });
}

TEST(map_stream, plain_calls_run_off_the_event_thread) {
    std::vector<int> inputs(1000);
    std::iota(inputs.begin(), inputs.end(), 0);
    const auto here = std::this_thread::get_id();
    run([&] {
        const auto call = [&](int n) {
            EXPECT_NE(std::this_thread::get_id(), here);
            return std::make_unique<int>(n);
        };
        return map_stream(inputs, call,
                          [&](result_stream<std::unique_ptr<int>>& results) -> task<> {
                              for (int n : inputs) {
                                  auto next = co_await results.next();
                                  EXPECT_TRUE(next.has_value());
                                  EXPECT_EQ(**next, n);
                              }
                              EXPECT_FALSE((co_await results.next()).has_value());
                          });
    });
}

TEST(map_stream, plain_calls_that_give_nothing_have_ended_when_they_are_counted) {
    twill::atomic<int> calls{0};
    run([&] {
        return map_stream(
            std::views::iota(0, 100), [&](int) { ++calls; },
            [&](result_stream<void>& ends) -> task<> {
                for (int n = 1; co_await ends.next(); ++n) EXPECT_GE(calls, n);
            });
    });
    EXPECT_EQ(calls, 100);
}

TEST(map_stream, cut_anywhere_leaves_nothing_behind) {
    for (const auto order : {result_order::input, result_order::completion})
        cancel_everywhere([order]() -> task<> {
            co_await map_stream(
                std::views::iota(0, 4),
                [](int n) -> task<live> {
                    for (int i = 0; i < 2 - n % 2; ++i) co_await twill::yield();
                    co_return live();
                },
                [](result_stream<live>& results) -> task<> {
                    while (co_await results.next()) co_await twill::yield();
                },
                {.limit = 2, .order = order, .ahead = 1});
        });
}

TEST(map_stream, limiter_bounds_the_calls_and_learns_from_them) {
    twill::adaptive_limiter limiter({.start = 2, .most = 200});
    run([&] {
        return map_stream(
            std::views::iota(0, 2000), [](int) { return twill::sleep(1ms); },
            [](result_stream<void>& ends) -> task<> {
                while (co_await ends.next()) {
                }
            },
            {.limiter = &limiter});
    });
    EXPECT_GT(limiter.limit(), 2U);
    EXPECT_TRUE(limiter.try_enter()) << "places are left behind";
}

}  // namespace
