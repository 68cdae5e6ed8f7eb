// Every algorithm in the forms that others have: with a context, over iterators, with projections.
#include <twill/par/deterministic.hpp>
#include <twill/par/equal.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/partition.hpp>
#include <twill/par/reduce.hpp>
#include <twill/par/transform.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

#include "par/fixtures.hpp"
#include "par/numbers.hpp"

namespace {

using par_test::numbers;
using par_test::pool_of;
using twill::par::context;
namespace par = twill::par;
namespace fixed = twill::par::deterministic;

struct item {
    int price = 0;
    int tag = 0;
    friend bool operator==(const item&, const item&) = default;
};

std::vector<item> items(std::size_t count) {
    const auto prices = numbers<int>(count, 1'000);
    std::vector<item> made(count);
    for (std::size_t i = 0; i != count; ++i) made[i] = {prices[i], static_cast<int>(i % 7)};
    return made;
}

const auto inputs = {std::size_t{0}, std::size_t{1}, std::size_t{1'009}, std::size_t{30'011}};

// `check(context&)` inside a region of four workers, for each size of input.
template <class Check>
void for_each_size(Check&& check) {
    const pool_of test(4);
    for (const std::size_t size : inputs) {
        SCOPED_TRACE(size);
        par::region([&](context& here) { check(here, size); });
    }
}

TEST(forms, of_loops) {
    for_each_size([](context& here, std::size_t size) {
        auto all = items(size);
        const auto add = [](int& price) { ++price; };
        const auto add_with_context = [](context&, int& price) { ++price; };
        par::for_each(all, add, &item::price);
        par::for_each(here, all, add_with_context, &item::price);
        par::for_each(all.begin(), all.end(), add_with_context, &item::price);
        par::for_each(here, all.begin(), all.end(), add, &item::price);
        auto expected = items(size);
        for (item& each : expected) each.price += 4;
        EXPECT_EQ(all, expected);
    });
}

TEST(forms, of_transformations_of_pairs) {
    for_each_size([](context& here, std::size_t size) {
        const auto a = items(size);
        const auto b = numbers<int>(size + 3, 1'000, 2);
        std::vector<int> expected(size);
        std::ranges::transform(a, b, expected.begin(), std::plus<>(), &item::price);
        std::vector<int> out(size);
        const auto ends = par::transform(a.begin(), a.end(), b.begin(), b.end(), out.begin(),
                                         std::plus<>(), &item::price);
        EXPECT_EQ(out, expected);
        EXPECT_TRUE(ends.in1 == a.end() && ends.out == out.end());
        // Two ranges of one type, as std::transform might take them to be [first, last).
        std::vector<int> twice(b.size());
        par::transform(b.begin(), b.end(), b.begin(), b.end(), twice.begin(), std::plus<>());
        EXPECT_TRUE(std::ranges::equal(twice, b, {}, {}, [](int n) { return 2 * n; }));
        std::ranges::fill(out, -1);
        par::transform(here, a.begin(), a.end(), b.begin(), b.end(), out.begin(), std::plus<>(),
                       &item::price);
        EXPECT_EQ(out, expected);
    });
}

TEST(forms, of_reductions) {
    for_each_size([](context& here, std::size_t size) {
        const auto in = numbers<long>(size, 1'000);
        const long sum = std::reduce(in.begin(), in.end());
        EXPECT_EQ(par::reduce(in), sum);
        EXPECT_EQ(par::reduce(here, in), sum);
        EXPECT_EQ(par::reduce(in.begin(), in.end()), sum);
        EXPECT_EQ(par::reduce(here, in.begin(), in.end(), 5L, std::plus<>()), sum + 5);
        EXPECT_EQ(fixed::reduce(in), sum);
        EXPECT_EQ(fixed::reduce(in.begin(), in.end(), 5L), sum + 5);
        EXPECT_EQ(fixed::reduce(here, in.begin(), in.end()), sum);

        const auto twice = [](long n) { return 2 * n; };
        EXPECT_EQ(par::transform_reduce(in.begin(), in.end(), 0L, std::plus<>(), twice), 2 * sum);
        EXPECT_EQ(par::transform_reduce(here, in.begin(), in.end(), 0L, std::plus<>(), twice),
                  2 * sum);
        EXPECT_EQ(fixed::transform_reduce(in.begin(), in.end(), 0L, std::plus<>(), twice), 2 * sum);
        EXPECT_EQ(fixed::transform_reduce(here, in.begin(), in.end(), 0L, std::plus<>(), twice),
                  2 * sum);
    });
}

TEST(forms, of_reductions_of_pairs) {
    for_each_size([](context& here, std::size_t size) {
        const auto a = numbers<long>(size, 1'000);
        const auto b = numbers<long>(size, 1'000, 2);
        const long dot = std::transform_reduce(a.begin(), a.end(), b.begin(), 0L);
        EXPECT_EQ(par::transform_reduce(a.begin(), a.end(), b.begin(), 0L), dot);
        EXPECT_EQ(par::transform_reduce(here, a.begin(), a.end(), b.begin(), 1L), dot + 1);

        const auto greatest = [](long x, long y) { return std::max(x, y); };
        const auto apart = [](long x, long y) { return x < y ? y - x : x - y; };
        const long distance =
            std::transform_reduce(a.begin(), a.end(), b.begin(), 0L, greatest, apart);
        EXPECT_EQ(par::transform_reduce(a, b, 0L, greatest, apart), distance);
        EXPECT_EQ(par::transform_reduce(here, a, b, 0L, greatest, apart), distance);
        EXPECT_EQ(par::transform_reduce(a.begin(), a.end(), b.begin(), 0L, greatest, apart),
                  distance);
        EXPECT_EQ(par::transform_reduce(here, a.begin(), a.end(), b.begin(), 0L, greatest, apart),
                  distance);
    });
}

TEST(forms, of_fixed_scans) {
    for_each_size([](context& here, std::size_t size) {
        const auto in = numbers<long>(size, 1'000);
        std::vector<long> expected(size);
        std::vector<long> out(size);
        std::inclusive_scan(in.begin(), in.end(), expected.begin(), std::plus<>(), 3L);
        EXPECT_EQ(fixed::inclusive_scan(in.begin(), in.end(), out.begin(), std::plus<>(), 3L),
                  out.end());
        EXPECT_EQ(out, expected);
        std::inclusive_scan(in.begin(), in.end(), expected.begin());
        fixed::inclusive_scan(here, in.begin(), in.end(), out.begin());
        EXPECT_EQ(out, expected);
        std::exclusive_scan(in.begin(), in.end(), expected.begin(), 3L);
        fixed::exclusive_scan(in.begin(), in.end(), out.begin(), 3L);
        EXPECT_EQ(out, expected);
        std::exclusive_scan(in.begin(), in.end(), expected.begin(), 4L);
        fixed::exclusive_scan(here, in.begin(), in.end(), out.begin(), 4L);
        EXPECT_EQ(out, expected);
    });
}

TEST(forms, of_comparisons) {
    for_each_size([](context& here, std::size_t size) {
        const auto a = items(size);
        auto b = numbers<int>(size, 1'000);
        EXPECT_TRUE(par::equal(a, b, {}, &item::price));
        EXPECT_TRUE(par::equal(here, b, a, {}, {}, &item::price));
        EXPECT_TRUE(par::equal(a.begin(), a.end(), b.begin(), b.end(), {}, &item::price));
        EXPECT_TRUE(par::equal(here, b.begin(), b.end(), b.begin(), b.end()));
        EXPECT_TRUE(par::mismatch(a, b, {}, &item::price).in1 == a.end());
        if (size == 0) return;
        b[size / 2] = -1;
        const auto at = static_cast<std::ptrdiff_t>(size / 2);
        EXPECT_FALSE(par::equal(a, b, {}, &item::price));
        EXPECT_EQ(par::mismatch(here, a, b, {}, &item::price).in2 - b.begin(), at);
        EXPECT_EQ(
            par::mismatch(a.begin(), a.end(), b.begin(), b.end(), {}, &item::price).in1 - a.begin(),
            at);
        EXPECT_EQ(
            par::mismatch(here, b.begin(), b.end(), a.begin(), a.end(), {}, {}, &item::price).in1 -
                b.begin(),
            at);
    });
}

TEST(forms, of_selections) {
    for_each_size([](context& here, std::size_t size) {
        const auto in = items(size);
        const auto small = [](int n) { return n < 400; };
        std::vector<item> kept;
        std::vector<item> rest;
        for (const item& each : in) (small(each.price) ? kept : rest).push_back(each);
        std::vector<item> both = kept;
        both.insert(both.end(), rest.begin(), rest.end());

        std::vector<item> out(kept.size());
        EXPECT_EQ(par::copy_if(here, in.begin(), in.end(), out.begin(), small, &item::price).out,
                  out.end());
        EXPECT_EQ(out, kept);
        const auto check_partition = [&](auto&& partition) {
            auto all = in;
            const auto behind = partition(all);
            EXPECT_EQ(all, both);
            EXPECT_EQ(behind.size(), rest.size());
        };
        check_partition([&](auto& all) {
            return par::stable_partition(here, all.begin(), all.end(), small, &item::price);
        });
        check_partition([&](auto& all) {
            return par::partition(here, all.begin(), all.end(), small, &item::price);
        });
        check_partition(
            [&](auto& all) { return par::partition(all.begin(), all.end(), small, &item::price); });
        auto all = in;
        const auto gone = par::remove_if(here, all.begin(), all.end(), small, &item::price);
        all.erase(gone.begin(), gone.end());
        EXPECT_EQ(all, rest);
    });
}

}  // namespace
