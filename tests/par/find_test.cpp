#include <twill/par/find.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
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

TEST(find, gives_the_first_match_or_the_end_as_the_standard_does) {
    pool_of test(4);
    for (const std::size_t size : par_test::sizes) {
        const auto in = numbers<int>(size, 3'000);
        for (const int wanted : {0, 17, 2'999, -1}) {
            EXPECT_EQ(par::find(in, wanted), std::ranges::find(in, wanted)) << size;
            const auto above = [&](int n) { return n > wanted; };
            EXPECT_EQ(par::find_if(in, above), std::ranges::find_if(in, above));
            EXPECT_EQ(par::find_if_not(in, above), std::ranges::find_if_not(in, above));
            EXPECT_EQ(par::find(in.begin(), in.end(), wanted), std::ranges::find(in, wanted));
        }
    }
}

TEST(find, gives_the_first_of_several_matches_though_a_later_one_is_found_earlier) {
    pool_of test(4);
    for (const std::size_t first : {0U, 5U, 900U, 2'500U}) {
        std::vector<char> in(4'000, 0);
        in[first] = 1;
        for (std::size_t i = first + 1; i < in.size(); i += 3) in[i] = 1;
        const auto slow = [](char c) {
            churn(c == 0 ? 500 : 0);
            return c == 1;
        };
        EXPECT_EQ(par::find_if(in, slow) - in.begin(), static_cast<std::ptrdiff_t>(first));
    }
}

TEST(find, stops_the_search_behind_a_match) {
    pool_of test(4);
    twill::atomic<long> calls{0};
    const std::vector<int> in(2'000'000, 1);
    EXPECT_EQ(par::find_if(in,
                           [&](int n) {
                               calls.fetch_add(1, std::memory_order_relaxed);
                               return n == 1;
                           }),
              in.begin());
    EXPECT_LT(calls.load(), 20'000);
}

TEST(find, takes_projections_and_other_ranges_than_vectors) {
    pool_of test(2);
    const std::deque<std::pair<int, std::string>> in = {{1, "one"}, {2, "two"}, {3, "three"}};
    using entry = std::pair<int, std::string>;
    EXPECT_EQ(par::find(in, "two", &entry::second)->first, 2);
    EXPECT_EQ(par::find(in, 4, &entry::first), in.end());
    EXPECT_TRUE(par::any_of(in, [](int n) { return n == 3; }, &entry::first));
    static_assert(std::same_as<decltype(par::find(std::vector<int>(), 1)), std::ranges::dangling>);
}

TEST(find, any_all_and_none_agree_with_the_standard) {
    pool_of test(3);
    for (const std::size_t size : par_test::sizes)
        for (const int limit : {-1, 5, 1'000}) {
            const auto in = numbers<int>(size, 1'000);
            const auto below = [&](int n) { return n < limit; };
            EXPECT_EQ(par::any_of(in, below), std::ranges::any_of(in, below));
            EXPECT_EQ(par::all_of(in, below), std::ranges::all_of(in, below));
            EXPECT_EQ(par::none_of(in.begin(), in.end(), below), std::ranges::none_of(in, below));
        }
}

TEST(find, passes_on_what_the_predicate_throws) {
    pool_of test(4);
    const auto in = numbers<int>(5'000, 10);
    for (const std::size_t bad : {0U, 1U, 2'500U, 4'999U})
        EXPECT_THROW(static_cast<void>(par::find_if(in,
                                                    [&](const int& n) {
                                                        churn(20);
                                                        if (&n == &in[bad]) throw 1;
                                                        return false;
                                                    })),
                     int);
}

}  // namespace
