#include <twill/par/equal.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <vector>

#include "par/fixtures.hpp"
#include "par/numbers.hpp"

namespace {

using par_test::churn;
using par_test::numbers;
using par_test::pool_of;
namespace par = twill::par;

TEST(equal, finds_the_first_difference_as_the_standard_does) {
    pool_of test(4);
    for (const std::size_t size : par_test::sizes) {
        const auto a = numbers<float>(size, 100);
        auto b = a;
        EXPECT_TRUE(par::equal(a, b));
        EXPECT_TRUE(par::mismatch(a, b).in1 == a.end());
        for (const std::size_t at : {size / 2, size - 1}) {
            if (size == 0) continue;
            b[at] += 1;
            EXPECT_FALSE(par::equal(a, b));
            EXPECT_EQ(par::mismatch(a, b).in2, std::ranges::mismatch(a, b).in2) << size;
        }
    }
}

TEST(equal, of_ranges_of_other_kinds_and_lengths) {
    pool_of test(2);
    const std::deque<int> a = {1, 2, 3};
    const std::vector<long> b = {1, 2, 3, 4};
    EXPECT_FALSE(par::equal(a, b));
    EXPECT_TRUE(
        par::equal(a, std::vector<long>{-1, -2, -3}, [](int x, long y) { return x == -y; }));
    EXPECT_EQ(par::mismatch(a, b).in2, b.begin() + 3);
}

TEST(equal, and_mismatch_pass_on_what_a_function_throws) {
    pool_of test(4);
    const auto in = numbers<int>(5'000, 10);
    for (const std::size_t bad : {0U, 1U, 2'500U, 4'999U}) {
        const auto same = [&](const int& a, const int& b) {
            churn(20);
            if (&a == &in[bad]) throw std::runtime_error("comparison");
            return a == b;
        };
        const auto same_when_read = [&](const int& n) {
            churn(20);
            if (&n == &in[bad]) throw std::out_of_range("projection");
            return n;
        };
        EXPECT_THROW(static_cast<void>(par::equal(in, in, same)), std::runtime_error) << bad;
        EXPECT_THROW(static_cast<void>(par::mismatch(in, in, same)), std::runtime_error) << bad;
        EXPECT_THROW(static_cast<void>(par::mismatch(in, in, {}, same_when_read)),
                     std::out_of_range)
            << bad;
    }
}

}  // namespace
