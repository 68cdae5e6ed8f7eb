#include <gtest/gtest.h>
#include <twill/async/map.hpp>
#include <twill/core/cancellation.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include <algorithm>
#include <barrier>
#include <ctime>
#include <memory>
#include <numeric>
#include <ranges>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using twill::task;

template <class F>
auto run(F main) {
    return twill::run({.compute_threads = 2}, main);
}

std::vector<int> first_numbers(int count) {
    std::vector<int> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

TEST(map, coroutine_results_are_in_the_order_of_the_inputs) {
    const auto results = run([] {
        return twill::map(std::vector{3, 1, 2}, [](int n) -> task<int> {
            co_await twill::sleep(n * 1ms);  // the first input ends last
            co_return n * 10;
        });
    });
    EXPECT_EQ(results, (std::vector{30, 10, 20}));
}

TEST(map, plain_function_results_are_in_the_order_of_the_inputs) {
    const auto inputs = first_numbers(10'000);
    const auto results = run([&] { return twill::map(inputs, [](int n) { return n * n; }); });
    ASSERT_EQ(results.size(), inputs.size());
    for (int n : inputs) ASSERT_EQ(results[static_cast<std::size_t>(n)], n * n);
}

TEST(map, limit_bounds_the_coroutines_in_flight) {
    int now = 0;
    int most = 0;
    run([&] {
        return twill::map(std::views::iota(0, 50),
                          [&](int) -> task<> {
                              most = std::max(most, ++now);
                              co_await twill::yield();
                              --now;
                          },
                          {.limit = 7});
    });
    EXPECT_EQ(most, 7) << "all of the limit is used, and no more";
    EXPECT_EQ(now, 0);
}

TEST(map, limit_bounds_the_plain_calls_in_flight) {
    twill::atomic<int> now{0};
    twill::atomic<int> most{0};
    const auto inputs = first_numbers(1000);
    run([&] {
        return twill::map(inputs,
                          [&](int) {
                              const int here = ++now;
                              int seen = most;
                              while (seen < here && !most.compare_exchange_weak(seen, here)) {
                              }
                              --now;
                          },
                          {.limit = 1});
    });
    EXPECT_EQ(most, 1);
}

TEST(map, no_inputs_give_no_results) {
    const std::vector<int> none;
    EXPECT_TRUE(run([&] { return twill::map(none, [](int n) { return n; }); }).empty());
    EXPECT_TRUE(
        run([&] { return twill::map(none, [](int n) -> task<int> { co_return n; }); }).empty());
}

TEST(map, elements_of_a_container_are_passed_by_reference) {
    std::vector<std::unique_ptr<int>> owned;
    for (int i = 0; i < 3; ++i) owned.push_back(std::make_unique<int>(i));
    run([&] {
        return twill::map(owned, [](std::unique_ptr<int>& p) -> task<> {
            *p += 1;
            co_return;
        });
    });
    run([&] { return twill::map(owned, [](std::unique_ptr<int>& p) { *p += 10; }); });
    EXPECT_EQ(*owned[0], 11);
    EXPECT_EQ(*owned[2], 13);
}

TEST(map, move_only_results_are_moved) {
    auto results = run([] {
        return twill::map(std::vector{1, 2}, [](int n) { return std::make_unique<int>(n); });
    });
    EXPECT_EQ(*results[1], 2);
}

TEST(map, input_range_is_read_while_calls_run) {
    std::istringstream words("a bb ccc dddd");
    const auto lengths = run([&] {
        return twill::map(std::views::istream<std::string>(words),
                          [](const std::string& word) -> task<std::size_t> {
                              co_await twill::yield();
                              co_return word.size();
                          },
                          {.limit = 2});
    });
    EXPECT_EQ(lengths, (std::vector<std::size_t>{1, 2, 3, 4}));
}

TEST(map, first_failure_cancels_the_other_coroutines_and_is_thrown) {
    int cut_short = 0;
    const auto failing = [&] {
        twill::run({.event_threads = 1}, [&] {
            return twill::map(std::views::iota(0, 10), [&](int n) -> task<> {
                if (n == 3) throw std::runtime_error("three");
                try {
                    co_await twill::sleep(1h);
                } catch (const twill::cancelled&) {
                    ++cut_short;
                    throw;
                }
            });
        });
    };
    EXPECT_THROW(failing(), std::runtime_error);
    EXPECT_GE(cut_short, 3) << "those that had begun before it";
}

TEST(map, failure_of_a_plain_call_is_thrown_after_the_others_ended) {
    twill::atomic<int> running{0};
    const auto inputs = first_numbers(1000);
    const auto failing = [&] {
        run([&] {
            return twill::map(inputs, [&](int n) {
                ++running;
                --running;
                if (n == 500) throw std::invalid_argument("500");
            });
        });
    };
    EXPECT_THROW(failing(), std::invalid_argument);
    EXPECT_EQ(running, 0);
}

TEST(map, cancelled_from_outside_joins_all_calls) {
    int alive = 0;
    run([&]() -> task<> {
        auto slow = twill::map(std::views::iota(0, 20), [&](int) -> task<> {
            struct counted {
                explicit counted(int& n) : count(n) { ++count; }
                ~counted() { --count; }
                int& count;
            } const here(alive);
            co_await twill::sleep(1h);
        });
        bool expired = false;
        try {
            co_await twill::with_timeout(2ms, std::move(slow));
        } catch (const twill::timed_out&) {
            expired = true;
        }
        EXPECT_TRUE(expired);
        EXPECT_EQ(alive, 0);
    });
}

TEST(map, failing_iterator_is_the_failure) {
    const auto failing = [] {
        run([] {
            auto inputs = std::views::iota(0, 10) | std::views::transform([](int n) {
                              if (n == 4) throw std::out_of_range("4");
                              return n;
                          });
            return twill::map(std::move(inputs), [](int) -> task<> { co_await twill::yield(); });
        });
    };
    EXPECT_THROW(failing(), std::out_of_range);
}

TEST(map, plain_calls_run_off_the_event_thread) {
    const auto here = std::this_thread::get_id();
    const auto threads = run([&] {
        return twill::map(first_numbers(100), [](int) { return std::this_thread::get_id(); });
    });
    EXPECT_EQ(std::count(threads.begin(), threads.end(), here), 0);
}

TEST(map, limiter_bounds_the_calls_and_learns_from_them) {
    twill::adaptive_limiter limiter({.start = 2, .most = 200});
    int now = 0;
    int most = 0;
    run([&] {
        return twill::map(std::views::iota(0, 2000),
                          [&](int) -> task<> {
                              EXPECT_LT(static_cast<std::size_t>(now), limiter.limit());
                              most = std::max(most, ++now);
                              co_await twill::sleep(1ms);
                              --now;
                          },
                          {.limiter = &limiter});
    });
    EXPECT_GT(limiter.limit(), 2U);
    EXPECT_GT(most, 2);
    EXPECT_TRUE(limiter.try_enter()) << "places are left behind";
}

// They wait for each other, eight at a time: with fewer at once none would end.
TEST(map, limiter_lets_plain_functions_wait_at_the_same_time) {
    constexpr int at_once = 8;
    twill::adaptive_limiter limiter({.start = at_once, .least = at_once, .most = at_once});
    std::barrier together(at_once);
    const auto results = run([&] {
        return twill::map(std::views::iota(0, 5 * at_once),
                          [&](int i) {
                              together.arrive_and_wait();
                              return 10 * i;
                          },
                          {.limiter = &limiter});
    });
    ASSERT_EQ(results.size(), 5U * at_once);
    for (int i = 0; i < 5 * at_once; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)], 10 * i);
    EXPECT_TRUE(limiter.try_enter()) << "places are left behind";
}

TEST(map, limiter_learns_that_plain_functions_compute) {
    twill::adaptive_limiter limiter({.start = 1, .most = 64});
    run([&] {
        return twill::map(std::views::iota(0, 200),
                          [](int) {
                              const std::clock_t end = std::clock() + CLOCKS_PER_SEC / 2000;
                              while (std::clock() < end) {
                              }
                          },
                          {.limiter = &limiter});
    });
    for (const auto& each : limiter.decisions()) EXPECT_EQ(each.limit, 1U);
}

TEST(map, failure_of_a_plain_function_under_a_limiter_is_thrown) {
    twill::adaptive_limiter limiter;
    EXPECT_THROW(run([&] {
                     return twill::map(std::views::iota(0, 100),
                                       [](int i) {
                                           if (i == 3) throw std::runtime_error("three");
                                       },
                                       {.limiter = &limiter});
                 }),
                 std::runtime_error);
    EXPECT_TRUE(limiter.try_enter()) << "places are left behind";
}

}  // namespace
