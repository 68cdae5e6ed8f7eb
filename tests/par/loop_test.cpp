#include <twill/par/count.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/join.hpp>
#include <twill/par/reduce.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "par/fixtures.hpp"

namespace {

using par_test::pool_of;
using par_test::wait_without_beat;
using twill::par::context;

// Keeps a core busy for about so many steps; reaches no beat.
unsigned churn(unsigned steps) {
    unsigned x = steps;
    for (unsigned i = 0; i < steps; ++i) {
        x = x * 1664525U + 1013904223U;
        asm volatile("" : "+r"(x));
    }
    return x;
}

TEST(for_each, visits_each_element_once_whatever_the_size_and_the_cost) {
    for (const unsigned workers : {1U, 2U, 4U}) {
        pool_of test(workers);
        for (const std::size_t size : {0U, 1U, 2U, 3U, 97U, 1000U, 20'011U})
            for (const unsigned cost : {0U, 200U}) {
                std::vector<int> visits(size, 0);
                twill::par::for_each(visits, [&](int& v) {
                    churn(cost);
                    ++v;
                });
                EXPECT_EQ(std::ranges::count(visits, 1), static_cast<std::ptrdiff_t>(size))
                    << size << " elements, " << workers << " workers";
            }
    }
}

TEST(for_each, takes_iterators_and_passes_the_context_on) {
    pool_of test(2);
    std::deque<int> numbers(1000, 1);
    twill::par::for_each(numbers.begin(), numbers.end(), [](context& here, int& n) {
        auto [a, b] = twill::par::join(here, [&] { return n; }, [&] { return n; });
        n = a + b;
    });
    EXPECT_EQ(std::accumulate(numbers.begin(), numbers.end(), 0), 2000);
}

TEST(for_each, two_coarse_elements_run_side_by_side) {
    pool_of test(2);
    twill::atomic<int> begun{0};
    twill::atomic<int> met{0};
    twill::par::for_each_index(2, [&](std::size_t) {
        begun.fetch_add(1);
        if (wait_without_beat([&] { return begun.load() == 2; })) met.fetch_add(1);
    });
    EXPECT_EQ(met.load(), 2);
}

TEST(for_each, nested_loops_split_the_outer_one_first_and_visit_all) {
    pool_of test(3);
    std::vector<std::vector<int>> table(100, std::vector<int>(300, 0));
    twill::par::for_each(table, [](context& here, std::vector<int>& row) {
        twill::par::for_each(here, row, [](int& cell) {
            churn(100);
            ++cell;
        });
    });
    for (const auto& row : table) EXPECT_EQ(std::accumulate(row.begin(), row.end(), 0), 300);
}

TEST(for_each, the_first_failure_is_rethrown_when_all_that_began_has_ended) {
    for (const unsigned workers : {1U, 3U})
        for (const std::size_t at : {0U, 1U, 500U, 998U, 999U}) {
            pool_of test(workers);
            twill::atomic<int> inside{0};
            try {
                twill::par::for_each_index(1000, [&](std::size_t i) {
                    inside.fetch_add(1);
                    churn(1000);
                    inside.fetch_sub(1);
                    if (i == at) throw std::out_of_range(std::to_string(i));
                });
                FAIL() << "nothing was thrown";
            } catch (const std::out_of_range& e) {
                EXPECT_EQ(e.what(), std::to_string(at));
            }
            EXPECT_EQ(inside.load(), 0);
        }
}

TEST(for_each, one_of_many_failures_is_rethrown) {
    pool_of test(3);
    for (int round = 0; round < 20; ++round)
        EXPECT_THROW(twill::par::for_each_index(5000,
                                                [](std::size_t i) {
                                                    churn(300);
                                                    if (i % 7 == 3) throw std::runtime_error("no");
                                                }),
                     std::runtime_error);
}

TEST(reduce, sums_as_the_serial_loop_does) {
    for (const unsigned workers : {1U, 2U, 4U}) {
        pool_of test(workers);
        for (const std::size_t size : {0U, 1U, 2U, 3U, 97U, 1000U, 1'000'003U}) {
            std::vector<long> numbers(size);
            std::iota(numbers.begin(), numbers.end(), 1L);
            EXPECT_EQ(twill::par::reduce(numbers, 5L),
                      std::accumulate(numbers.begin(), numbers.end(), 5L));
        }
    }
}

TEST(reduce, combines_neighbours_only_so_that_order_is_kept) {
    pool_of test(4);
    std::string expected = ">";
    for (int i = 0; i < 3000; ++i) expected += std::to_string(i) + ' ';
    std::vector<int> numbers(3000);
    std::iota(numbers.begin(), numbers.end(), 0);
    const auto text = twill::par::transform_reduce(
        numbers, std::string(">"),
        [](std::string a, const std::string& b) { return std::move(a) += b; },
        [](int i) {
            churn(500);
            return std::to_string(i) + ' ';
        });
    EXPECT_EQ(text, expected);
}

TEST(reduce, keeps_the_order_where_iterations_fork) {
    pool_of test(4);
    const auto forks = [](context& here, int i) {
        const auto [a, b] = twill::par::join(
            here, [=](context&) { return i + static_cast<int>(churn(300) & 0); },
            [](context&) { return static_cast<int>(churn(300) & 0); });
        return a + b;
    };
    std::string expected = ">";
    for (int i = 0; i < 2000; ++i) expected += std::to_string(i) + ' ';
    std::vector<int> numbers(2000);
    std::iota(numbers.begin(), numbers.end(), 0);
    const auto text = twill::par::transform_reduce(
        numbers, std::string(">"),
        [](std::string a, const std::string& b) { return std::move(a) += b; },
        [&](context& here, int i) { return std::to_string(forks(here, i)) + ' '; });
    EXPECT_EQ(text, expected);
    // Composition of the maps x -> a x + b modulo 1,000,003, packed into a number.
    const auto packed = [](long a, long b) { return a << 32 | b; };
    const auto then = [&](long first, long second) {
        const auto a = [](long f) { return f >> 32; };
        const auto b = [](long f) { return f & 0xffffffff; };
        return packed(a(first) * a(second) % 1'000'003,
                      (b(first) * a(second) + b(second)) % 1'000'003);
    };
    long composed = packed(1, 0);
    for (const int i : numbers) composed = then(composed, packed(i + 2, i));
    EXPECT_EQ(twill::par::transform_reduce(numbers, packed(1, 0), then,
                                           [&](context& here, int i) {
                                               const long same = forks(here, i);
                                               return packed(same + 2, same);
                                           }),
              composed);
}

TEST(reduce, a_function_that_gives_pointers_to_its_inside_is_called_itself) {
    pool_of test(2);
    const auto point = [table = std::array<int, 4>{3, 1, 4, 1}](std::size_t i) {
        return &table[i % 4];
    };
    const auto point_forking = [&point](context&, std::size_t i) { return point(i); };
    const std::vector<std::size_t> numbers = {2, 6, 10};
    const auto last = [](const int*, const int* b) { return b; };
    const int* const none = nullptr;
    EXPECT_EQ(twill::par::transform_reduce(numbers, none, last, point), point(2));
    EXPECT_EQ(twill::par::transform_reduce(numbers, none, last, point_forking), point(2));
}

TEST(reduce, moves_values_that_cannot_be_copied) {
    pool_of test(2);
    std::vector<int> numbers(5000, 1);
    const auto sum = twill::par::transform_reduce(
        numbers, std::make_unique<int>(0),
        [](std::unique_ptr<int> a, std::unique_ptr<int> b) {
            *a += *b;
            return a;
        },
        [](int i) {
            churn(100);
            return std::make_unique<int>(i);
        });
    EXPECT_EQ(*sum, 5000);
}

TEST(reduce, a_failing_function_of_either_kind_is_reported) {
    pool_of test(2);
    std::vector<int> numbers(5000, 1);
    EXPECT_THROW(
        static_cast<void>(twill::par::transform_reduce(numbers, 0, std::plus<>(),
                                                       [](int) -> int {
                                                           churn(100);
                                                           throw std::runtime_error("transform");
                                                       })),
        std::runtime_error);
    EXPECT_THROW(static_cast<void>(twill::par::reduce(
                     numbers, 0, [](int, int) -> int { throw std::logic_error("combine"); })),
                 std::logic_error);
}

TEST(count_if, counts) {
    pool_of test(2);
    std::vector<int> numbers(100'000);
    std::iota(numbers.begin(), numbers.end(), 0);
    EXPECT_EQ(twill::par::count_if(numbers, [](int n) { return n % 3 == 0; }), 33'334U);
}

}  // namespace
