#include <twill/core/atomic.hpp>
#include <twill/par/count.hpp>
#include <twill/par/minmax.hpp>
#include <twill/par/reduce.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "par/fixtures.hpp"
#include "par/numbers.hpp"

namespace {

using par_test::churn;
using par_test::numbers;
using par_test::pool_of;
namespace par = twill::par;

// Few different values, so that there are ties; as numbers in memory, and as something else.
template <class Range, class... How>
void expect_as_the_standard(const Range& in, How... how) {
    EXPECT_EQ(par::min_element(in, how...), std::ranges::min_element(in, how...));
    EXPECT_EQ(par::max_element(in, how...), std::ranges::max_element(in, how...));
    const auto both = par::minmax_element(in, how...);
    const auto expected = std::ranges::minmax_element(in, how...);
    EXPECT_EQ(both.min, expected.min);
    EXPECT_EQ(both.max, expected.max);
}

TEST(minmax, ties_go_where_the_standard_has_them) {
    pool_of test(4);
    for (const std::size_t size : par_test::sizes)
        for (const unsigned values : {1U, 3U, 100'000U}) {
            const auto in = numbers<int>(size, values, size + 1);
            expect_as_the_standard(in);
            if (size > 5'000) continue;
            const std::deque<int> other(in.begin(), in.end());
            expect_as_the_standard(other);
            expect_as_the_standard(other, std::ranges::greater(), [](int n) { return n / 2; });
        }
}

TEST(minmax, of_sorted_input_in_both_directions) {
    pool_of test(2);
    std::vector<double> in(50'000);
    std::iota(in.begin(), in.end(), -20'000.0);
    expect_as_the_standard(in);
    std::ranges::reverse(in);
    expect_as_the_standard(in);
    expect_as_the_standard(in, std::ranges::greater());
}

TEST(minmax, with_comparisons_that_take_a_while) {
    pool_of test(4);
    const auto in = numbers<int>(2'000, 50);
    expect_as_the_standard(in, [](int a, int b) {
        churn(300);
        return a < b;
    });
}

TEST(minmax, of_no_order_among_numbers_gives_some_element) {
    pool_of test(2);
    std::vector<float> in(1'000, std::numeric_limits<float>::quiet_NaN());
    in[500] = 1;
    EXPECT_NE(par::min_element(in), in.end());
    EXPECT_NE(par::minmax_element(in.begin(), in.end()).max, in.end());
}

TEST(count, agrees_with_the_standard) {
    pool_of test(4);
    for (const std::size_t size : par_test::sizes) {
        const auto in = numbers<float>(size, 10);
        EXPECT_EQ(par::count(in, 3.0F), static_cast<std::size_t>(std::ranges::count(in, 3.0F)));
        EXPECT_EQ(par::count(in, 3), static_cast<std::size_t>(std::ranges::count(in, 3)));
        const auto below = [](float n) { return n < 4; };
        EXPECT_EQ(par::count_if(in.begin(), in.end(), below),
                  static_cast<std::size_t>(std::ranges::count_if(in, below)));
    }
    const std::vector<std::pair<int, std::string>> named = {{1, "a"}, {2, "b"}, {3, "a"}};
    EXPECT_EQ(par::count(named, "a", &std::pair<int, std::string>::second), 2U);
}

TEST(reduce, of_numbers_and_dot_products_agree_with_the_standard) {
    pool_of test(4);
    for (const std::size_t size : par_test::sizes) {
        const auto a = numbers<std::uint32_t>(size, 1U << 31);
        const auto b = numbers<std::uint32_t>(size, 1U << 31, 7);
        EXPECT_EQ(par::reduce(a, 5U), std::accumulate(a.begin(), a.end(), 5U));
        EXPECT_EQ(par::transform_reduce(a, b, 5U),
                  std::inner_product(a.begin(), a.end(), b.begin(), 5U));
        const auto x = numbers<double>(size, 1'000);
        EXPECT_EQ(par::transform_reduce(x, x, 0.5),
                  std::inner_product(x.begin(), x.end(), x.begin(), 0.5));
        EXPECT_EQ(par::reduce(x, 0.0), std::accumulate(x.begin(), x.end(), 0.0))
            << "exact in double";
    }
}

TEST(minmax, passes_on_what_a_function_throws) {
    pool_of test(4);
    const auto in = numbers<int>(5'000, 1'000);
    for (const std::size_t bad : {0U, 1U, 2'500U, 4'999U}) {
        const auto read = [&](const int& n) {
            churn(20);
            if (&n == &in[bad]) throw std::runtime_error("projection");
            return n;
        };
        EXPECT_THROW(static_cast<void>(par::min_element(in, {}, read)), std::runtime_error) << bad;
        EXPECT_THROW(static_cast<void>(par::max_element(in, {}, read)), std::runtime_error) << bad;
        EXPECT_THROW(static_cast<void>(par::minmax_element(in, {}, read)), std::runtime_error)
            << bad;
    }
    for (const long allowed : {0L, 1L, 2'000L, 4'998L}) {
        twill::atomic<long> left{allowed};
        const auto less = [&](int a, int b) {
            churn(20);
            if (left.fetch_sub(1) == 0) throw std::runtime_error("comparison");
            return a < b;
        };
        EXPECT_THROW(static_cast<void>(par::min_element(in, less)), std::runtime_error) << allowed;
        left.store(allowed);
        EXPECT_THROW(static_cast<void>(par::minmax_element(in, less)), std::runtime_error)
            << allowed;
    }
}

}  // namespace
