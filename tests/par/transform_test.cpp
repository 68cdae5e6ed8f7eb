#include <twill/par/for_each.hpp>
#include <twill/par/transform.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

#include "par/fixtures.hpp"
#include "par/numbers.hpp"

namespace {

using par_test::churn;
using par_test::numbers;
using par_test::pool_of;
using twill::par::context;
namespace par = twill::par;

TEST(transform, writes_what_the_standard_writes) {
    pool_of test(4);
    for (const std::size_t size : par_test::sizes) {
        const auto in = numbers<int>(size, 1'000);
        std::vector<long> out(size, -1);
        std::vector<long> expected(size);
        const auto square = [](int n) { return long{n} * n; };
        std::ranges::transform(in, expected.begin(), square);
        const auto ends = par::transform(in, out.begin(), square);
        EXPECT_EQ(out, expected) << size;
        EXPECT_TRUE(ends.in == in.end() && ends.out == out.end());
    }
}

TEST(transform, in_place_by_iterators_with_context_and_expensive_elements) {
    pool_of test(4);
    std::vector<int> all(3'001, 1);
    par::transform(all.begin(), all.end(), all.begin(), [](context& here, int n) {
        twill::par::for_each_index(here, 2, [](std::size_t) { churn(300); });
        return n + 1;
    });
    EXPECT_EQ(std::ranges::count(all, 2), 3'001);
}

TEST(transform, of_two_ranges_ends_with_the_shorter_one) {
    pool_of test(2);
    const std::vector<std::string> words = {"a", "bc", "def"};
    const std::deque<int> factors = {1, 2, 3, 4};
    std::vector<std::size_t> out(4, 99);
    const auto ends = par::transform(
        words, factors, out.begin(), [](std::size_t length, int f) { return length * unsigned(f); },
        &std::string::size);
    EXPECT_EQ(out, (std::vector<std::size_t>{1, 4, 9, 99}));
    EXPECT_TRUE(ends.in1 == words.end() && ends.in2 == factors.end() - 1);
    EXPECT_TRUE(ends.out == out.end() - 1);
}

TEST(transform, passes_on_what_the_function_throws_wherever_it_does) {
    pool_of test(4);
    const auto in = numbers<std::size_t>(1'000, 10);
    std::vector<std::size_t> out(in.size());
    for (const std::size_t bad : {0U, 1U, 500U, 998U, 999U})
        EXPECT_THROW(par::transform(in, out.begin(),
                                    [&, first = in.data()](const std::size_t& n) {
                                        churn(100);
                                        if (&n == first + bad) throw std::runtime_error("bad");
                                        return n;
                                    }),
                     std::runtime_error);
}

}  // namespace
