#include <twill/par/for_each.hpp>
#include <twill/par/join.hpp>
#include <twill/par/pipeline.hpp>
#include <twill/par/profile.hpp>
#include <twill/par/reduce.hpp>
#include <twill/par/scan.hpp>
#include <twill/par/scope.hpp>
#include <twill/par/shield.hpp>
#include <twill/par/sort.hpp>
#include <twill/runtime/blocked_section.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <vector>

#include "par/fixtures.hpp"
#include "par/numbers.hpp"

namespace {

using namespace std::chrono_literals;
using par_test::pool_of;
using twill::duration;
using twill::work_span;
using twill::par::context;
namespace par = twill::par;

// A clock that moves by work alone.
twill::time_point virtual_now;
twill::time_point read_virtual() noexcept { return virtual_now; }
void work(duration length) { virtual_now += length; }

constexpr duration burden = 100us;

template <class F>
work_span measured(F&& function) {
    return par::region([&](context& here) {
        twill::detail::measured_part part(here, &read_virtual);
        twill::detail::invoke_branch(here, function);
        return part.seen();
    });
}

void expect_figures(const work_span& seen, duration wanted_work, duration span, duration burdened) {
    EXPECT_EQ(seen.work, wanted_work);
    EXPECT_EQ(seen.span, span);
    EXPECT_EQ(seen.burdened_span, burdened);
}

void tree(context& here, int depth, duration leaf) {
    if (depth == 0) return work(leaf);
    par::join(
        here, [=](context& c) { tree(c, depth - 1, leaf); },
        [=](context& c) { tree(c, depth - 1, leaf); });
}

TEST(profile, serial_work_has_a_span_of_its_length) {
    expect_figures(measured([] { work(3ms); }), 3ms, 3ms, 3ms);
}

TEST(profile, span_of_a_join_is_that_of_its_longest_branch) {
    expect_figures(measured([] {
                       work(1ms);
                       par::join([] { work(2ms); }, [] { work(5ms); }, [] { work(3ms); });
                       work(1ms);
                   }),
                   12ms, 7ms, 7ms + burden);
}

TEST(profile, span_of_a_tree_is_one_leaf) {
    const auto seen = measured([](context& here) { tree(here, 6, 1ms); });
    expect_figures(seen, 64ms, 1ms, 1ms + 6 * burden);
    EXPECT_DOUBLE_EQ(seen.parallelism(), 64.0);
}

// Half of a beat's work is not given away, so that the lowest levels of the tree cost nothing.
TEST(profile, what_is_too_small_to_be_given_away_is_a_leaf) {
    expect_figures(measured([](context& here) { tree(here, 6, 1us); }), 64us, 1us, 64us);
    const auto seen = measured([](context& here) { tree(here, 10, 1us); });
    EXPECT_EQ(seen.span, 1us);
    EXPECT_EQ(seen.burdened_span, 128us + 3 * burden);
}

TEST(profile, recursion_on_one_side_is_as_long_as_its_chain) {
    const std::function<void(context&, int)> chain = [&](context& here, int left) {
        if (left == 0) return;
        work(1ms);
        par::join(here, [&](context& c) { chain(c, left - 1); }, [] { work(1ms); });
    };
    const auto seen = measured([&](context& here) { chain(here, 50); });
    EXPECT_EQ(seen.work, 100ms);
    EXPECT_EQ(seen.span, 51ms);
}

long fib(context& here, int n) {
    work(1ms);
    if (n < 2) return n;
    auto [a, b] = par::join(
        here, [=](context& c) { return fib(c, n - 1); }, [=](context& c) { return fib(c, n - 2); });
    return a + b;
}

TEST(profile, gives_the_results_of_serial_execution) {
    long number = 0;
    const auto seen = measured([&](context& here) { number = fib(here, 15); });
    EXPECT_EQ(number, 610);
    // A call each; the longest path calls fib(15), fib(14) ... fib(1).
    EXPECT_EQ(seen.work, 1973 * 1ms);
    EXPECT_EQ(seen.span, 15ms);
}

TEST(profile, span_of_a_loop_is_that_of_its_longest_iteration) {
    // Fewer than are begun at once, and more.
    for (const std::size_t count : {std::size_t{2}, std::size_t{7}, std::size_t{1000}}) {
        const auto seen = measured([&] {
            par::for_each_index(count,
                                [&](std::size_t i) { work((i == count / 2 ? 2 : 1) * 1ms); });
        });
        // Halves are given away until a core has as much as the longest takes.
        const auto rounds =
            static_cast<int>(std::ceil(std::log2(static_cast<double>(count + 1) / 2)));
        expect_figures(seen, (static_cast<int>(count) + 1) * 1ms, 2ms, 2ms + rounds * burden);
    }
    // Short ones are measured together; and so few are not given away.
    const auto few = measured([] { par::for_each_index(50, [](std::size_t) { work(1us); }); });
    EXPECT_LE(few.span, 16us);
    EXPECT_EQ(few.burdened_span, 50us);
    expect_figures(measured([] { par::for_each_index(1, [](std::size_t) { work(1ms); }); }), 1ms,
                   1ms, 1ms);
}

TEST(profile, loops_and_joins_nest) {
    const auto seen = measured([](context& here) {
        par::for_each_index(here, 8, [](context& row, std::size_t) {
            work(1ms);
            par::for_each_index(
                row, 16, [](std::size_t) { par::join([] { work(1ms); }, [] { work(2ms); }); });
        });
    });
    expect_figures(seen, 8 * (1 + 16 * 3) * 1ms, 3ms, 3ms + (3 + 4 + 1) * burden);
}

TEST(profile, forks_of_a_scope_begin_where_they_are_made) {
    expect_figures(measured([] {
                       par::scope([](par::fork_scope& s) {
                           s.fork([] { work(10ms); });
                           work(5ms);
                           s.fork([] { work(1ms); });
                           work(1ms);
                       });
                   }),
                   17ms, 10ms, 10ms + burden);
    expect_figures(measured([] {
                       par::scope([](par::fork_scope& s) {
                           work(1ms);
                           s.fork([] { work(1ms); });
                       });
                   }),
                   2ms, 2ms, 2ms);
}

TEST(profile, forks_of_a_scope_are_parallel_beyond_the_first_few) {
    int calls = 0;
    const auto seen = measured([&] {
        par::scope([&](par::fork_scope& s) {
            for (int i = 0; i != 100; ++i)
                s.fork([&] {
                    ++calls;
                    work(1ms);
                });
        });
    });
    EXPECT_EQ(calls, 100);
    EXPECT_EQ(seen.work, 100ms);
    EXPECT_EQ(seen.span, 1ms);
}

TEST(profile, pipeline_is_as_long_as_its_serial_stage_or_its_tokens_allow) {
    const auto run = [](std::size_t tokens, duration last) {
        int next = 0;
        return measured([&] {
            par::pipeline(tokens,
                          par::stage(par::serial_in_order,
                                     [&]() -> std::optional<int> {
                                         if (next == 40) return std::nullopt;
                                         return next++;
                                     }),
                          par::stage(par::parallel,
                                     [](int i) {
                                         work(8ms);
                                         return i;
                                     }),
                          par::stage(par::serial_in_order, [&](int) { work(last); }));
        });
    };
    const auto wide = run(16, 1ms);
    EXPECT_EQ(wide.work, 360ms);
    EXPECT_EQ(wide.span, 48ms);
    // Four at a time, each nine long.
    const auto narrow = run(4, 1ms);
    EXPECT_NEAR(static_cast<double>(narrow.span / 1ms), 90, 5);
}

TEST(profile, scan_counts_what_threads_that_share_it_do) {
    std::vector<long> numbers(1'000'000, 1);
    std::vector<long> sums(numbers.size());
    const auto seen = measured([&] {
        par::inclusive_scan(numbers, sums.begin(), [](long a, long b) {
            work(1us);
            return a + b;
        });
    });
    EXPECT_EQ(sums.back(), 1'000'000);
    EXPECT_GE(seen.work, 1500ms);
    EXPECT_GE(seen.parallelism(), 50);
}

TEST(profile, exception_ends_a_measured_region_and_leaves_the_thread_as_it_was) {
    const pool_of two(2);
    int calls = 0;
    EXPECT_THROW(static_cast<void>(par::profile([&](context& here) {
                     par::for_each_index(here, 3, [&](context& c, std::size_t) {
                         par::join(c, [] { throw std::runtime_error("left"); }, [&] { ++calls; });
                     });
                 })),
                 std::runtime_error);
    EXPECT_EQ(calls, 0) << "what nobody has begun is not called any more";
    EXPECT_THROW(static_cast<void>(par::profile([&] {
                     par::join([&] { ++calls; }, [] { throw std::logic_error("right"); });
                 })),
                 std::logic_error);
    EXPECT_THROW(static_cast<void>(par::profile([&] {
                     par::scope([&](par::fork_scope& s) {
                         s.fork([&] { throw std::logic_error("forked"); });
                         s.fork([&] { ++calls; });
                     });
                 })),
                 std::logic_error);
    std::vector<int> numbers(100'000, 1);
    EXPECT_EQ(par::reduce(numbers, 0), 100'000);
    expect_figures(measured([] { par::join([] { work(1ms); }, [] { work(1ms); }); }), 2ms, 1ms,
                   1ms + burden);
}

TEST(profile, stop_request_ends_a_measured_region) {
    twill::compute_pool pool({.workers = 1});
    const auto cancelled_in = [&](auto&& body) {
        twill::region* self = nullptr;
        par_test::test_region work([&](context& here) {
            static_cast<void>(par::profile(here, [&](context& c) {
                self->request_stop();
                body(c);
            }));
        });
        self = &work;
        pool.submit(work);
        work.wait();
        return work.was_cancelled();
    };
    int calls = 0;
    EXPECT_TRUE(
        cancelled_in([&](context& c) { par::join(c, [&] { ++calls; }, [&] { ++calls; }); }));
    EXPECT_TRUE(cancelled_in(
        [&](context& c) { par::for_each_index(c, 100, [&](std::size_t) { ++calls; }); }));
    EXPECT_TRUE(cancelled_in(
        [&](context& c) { par::scope(c, [&](par::fork_scope& s) { s.fork([&] { ++calls; }); }); }));
    EXPECT_EQ(calls, 0);
    EXPECT_FALSE(cancelled_in([&](context& c) {
        par::shield(
            c, [&](context& inside) { par::join(inside, [&] { ++calls; }, [&] { ++calls; }); });
    }));
    EXPECT_EQ(calls, 2);
}

TEST(profile, part_of_a_measured_region_counts_in_both) {
    work_span inner;
    const auto outer = measured([&](context& here) {
        par::join(
            here,
            [&](context& c) {
                twill::detail::measured_part part(c, &read_virtual);
                tree(c, 3, 1ms);
                inner = part.seen();
            },
            [] { work(2ms); });
    });
    expect_figures(inner, 8ms, 1ms, 1ms + 3 * burden);
    expect_figures(outer, 10ms, 2ms, 2ms + burden);
}

TEST(profile, forks_around_are_left_alone) {
    std::vector<int> seen(1000);
    par::for_each_index(seen.size(), [&](std::size_t i) {
        if (i % 100 == 50)
            static_cast<void>(par::profile([&] {
                const twill::blocked_section others_may_compute;
                par::scope([&](par::fork_scope& s) { s.fork([&] { ++seen[i]; }); });
            }));
        else
            ++seen[i];
    });
    EXPECT_EQ(std::ranges::count(seen, 1), 1000);
}

// No clock tells what else runs on the machine: only what cannot fail.
TEST(profile, real_work_is_measured_in_real_time) {
    auto numbers = par_test::numbers<long>(300'000, 1'000'000);
    const auto seen =
        par::profile([&] { par::sort(numbers, [](long a, long b) { return a < b; }); });
    EXPECT_TRUE(std::ranges::is_sorted(numbers));
    EXPECT_GT(seen.work, 1ms);
    EXPECT_GT(seen.span, 0ms);
    EXPECT_LE(seen.span, seen.burdened_span);
    EXPECT_LE(seen.burdened_span, seen.work);
}

TEST(work_span, predicts_between_the_bounds_of_span_and_burdened_span) {
    const work_span seen{1000ms, 10ms, 50ms};
    EXPECT_DOUBLE_EQ(seen.parallelism(), 100);
    EXPECT_DOUBLE_EQ(seen.burdened_parallelism(), 20);
    EXPECT_DOUBLE_EQ(seen.speedup_at_most(16), 16);
    EXPECT_DOUBLE_EQ(seen.speedup_at_most(128), 100);
    EXPECT_DOUBLE_EQ(seen.speedup_at_least(1), 1);
    EXPECT_DOUBLE_EQ(seen.speedup_at_least(2), 1000 / 525.0);
    const work_span serial{1s, 1s, 1s};
    EXPECT_DOUBLE_EQ(serial.speedup_at_least(64), 1);
    EXPECT_DOUBLE_EQ(serial.speedup_at_most(64), 1);
    EXPECT_DOUBLE_EQ(work_span{}.speedup_at_most(64), 1);
}

}  // namespace
