#include <twill/par/equal.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "par/fixtures.hpp"
#include "par/numbers.hpp"

namespace {

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

}  // namespace
