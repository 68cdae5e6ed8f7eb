// As forms_test.cpp: sorting, merging and tables.
#include <twill/par/group_by.hpp>
#include <twill/par/histogram.hpp>
#include <twill/par/merge.hpp>
#include <twill/par/sort_by_key.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "par/fixtures.hpp"
#include "par/numbers.hpp"

namespace {

using par_test::numbers;
using par_test::pool_of;
using twill::par::context;
namespace par = twill::par;

// A sentinel that is no iterator.
template <class I>
struct end_of {
    I place;
    friend bool operator==(const I& at, const end_of& end) { return at == end.place; }
    friend std::ptrdiff_t operator-(const end_of& end, const I& at) { return end.place - at; }
    friend std::ptrdiff_t operator-(const I& at, const end_of& end) { return at - end.place; }
};
template <class V>
auto end_in(V& values) {
    return end_of<decltype(values.begin())>{values.end()};
}

TEST(forms, of_sort_by_key) {
    const pool_of test(4);
    for (const std::size_t size : {0U, 1U, 1'009U, 40'009U}) {
        const auto keys = numbers<int>(size, 100'000);
        std::vector<std::size_t> places(size);
        for (std::size_t i = 0; i != size; ++i) places[i] = i;
        auto expected = places;
        std::ranges::sort(expected, {}, [&](std::size_t i) { return std::pair(keys[i], i); });
        const auto check = [&](auto&& sort) {
            auto k = keys;
            auto v = places;
            sort(k, v);
            EXPECT_TRUE(std::ranges::is_sorted(k)) << size;
            EXPECT_EQ(v, expected) << size;
        };
        check([](auto& k, auto& v) { par::sort_by_key(k.begin(), end_in(k), v.begin()); });
        check([](auto& k, auto& v) {
            par::region(
                [&](context& here) { par::sort_by_key(here, k.begin(), k.end(), v.begin()); });
        });
        const auto less = [](int a, int b) { return a < b; };
        check([&](auto& k, auto& v) { par::sort_by_key(k.begin(), k.end(), v.begin(), less); });
    }
}

TEST(forms, of_merge_histogram_and_group_by_take_sentinels) {
    const pool_of test(4);
    auto a = numbers<int>(20'011, 1'000);
    auto b = numbers<int>(10'007, 1'000, 2);
    const auto hash = [](int n) { return static_cast<std::size_t>(n) * 77; };
    const auto last_digit = [](int n) { return n % 10; };
    const auto groups = par::group_by(a.begin(), end_in(a), last_digit, hash);
    const auto counts = par::histogram(a.begin(), end_in(a), 10, last_digit);
    ASSERT_EQ(groups.size(), 10U);
    for (std::size_t i = 0; i != 10; ++i)
        EXPECT_EQ(groups[i].size(), counts[static_cast<std::size_t>(groups.key(i))]);
    par::region([&](context& here) {
        EXPECT_EQ(par::group_by(here, a.begin(), a.end(), last_digit, hash).keys(), groups.keys());
        EXPECT_EQ(par::histogram(here, a.begin(), a.end(), 10, last_digit), counts);
    });

    std::ranges::sort(a);
    std::ranges::sort(b);
    std::vector<int> expected;
    std::ranges::merge(a, b, std::back_inserter(expected));
    std::vector<int> out(expected.size());
    EXPECT_EQ(par::merge(a.begin(), end_in(a), b.begin(), end_in(b), out.begin()), out.end());
    EXPECT_EQ(out, expected);
}

}  // namespace
