#include <twill/par/sort.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "par/fixtures.hpp"

namespace {

using par_test::pool_of;

// The largest is partitioned by several threads.
const std::size_t sizes[] = {0, 1, 2, 3, 7, 20, 21, 41, 127, 1000, 4099, 150'001};

template <class T>
std::vector<T> numbers(std::size_t count, unsigned range = 0) {
    std::mt19937_64 random(count);
    std::vector<T> made(count);
    for (T& x : made) {
        const std::uint64_t bits = range == 0 ? random() : random() % range;
        if constexpr (std::floating_point<T>)
            x = static_cast<T>(static_cast<std::int64_t>(bits)) / 1024;
        else
            x = static_cast<T>(bits);
    }
    return made;
}

template <class T>
class sorted_keys : public testing::Test {};
using keys = testing::Types<std::uint16_t, std::int16_t, std::uint32_t, std::int32_t, std::uint64_t,
                            std::int64_t, float, double>;
TYPED_TEST_SUITE(sorted_keys, keys);

TYPED_TEST(sorted_keys, are_as_the_standard_sorts_them) {
    const pool_of four(4);
    for (const std::size_t n : sizes)
        for (const unsigned range : {0U, 2U, 100U}) {
            auto ours = numbers<TypeParam>(n, range);
            auto expected = ours;
            twill::par::sort(ours);
            std::sort(expected.begin(), expected.end());
            ASSERT_EQ(ours, expected) << n << " keys of " << range;
            twill::par::sort(ours.begin(), ours.end(), std::greater<>());
            std::reverse(expected.begin(), expected.end());
            ASSERT_EQ(ours, expected) << n << " keys of " << range << ", descending";
        }
}

TEST(sort, keeps_infinities_and_puts_nans_at_the_ends) {
    const pool_of four(4);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const std::size_t n : {100U, 150'000U}) {
        auto values = numbers<double>(n);
        for (std::size_t i = 0; i + 4 < n; i += 50) {
            values[i] = infinity;
            values[i + 1] = -infinity;
            values[i + 2] = nan;
            values[i + 3] = -nan;
        }
        const auto count = [&](auto is) { return std::ranges::count_if(values, is); };
        const auto is_infinite = [](double x) { return std::isinf(x); };
        const auto is_nan = [](double x) { return std::isnan(x); };
        const auto infinities = count(is_infinite);
        const auto nans = count(is_nan);
        twill::par::sort(values);
        EXPECT_EQ(count(is_infinite), infinities);
        EXPECT_EQ(count(is_nan), nans);
        const auto first = values.begin() + nans / 2;
        const auto last = values.end() - nans / 2;
        EXPECT_TRUE(std::is_sorted(first, last));
        EXPECT_EQ(*first, -infinity);
        EXPECT_EQ(*(last - 1), infinity);
    }
}

TEST(sort, takes_comparisons_projections_and_types_that_only_move) {
    const pool_of four(4);
    struct row {
        std::unique_ptr<int> key;
    };
    for (const std::size_t n : sizes) {
        std::vector<row> rows;
        for (const int x : numbers<int>(n, 1000)) rows.push_back({std::make_unique<int>(x)});
        twill::par::sort(rows, std::greater<>(), [](const row& r) { return *r.key; });
        ASSERT_TRUE(
            std::ranges::is_sorted(rows, std::greater<>(), [](const row& r) { return *r.key; }));
    }
}

TEST(sort, by_comparison_is_as_the_standard_sorts) {
    const pool_of four(4);
    const auto reversed = [](double x) { return -x; };
    for (const std::size_t n : sizes)
        for (const unsigned range : {0U, 3U}) {
            auto ours = numbers<double>(n, range);
            auto expected = ours;
            twill::par::sort(ours, std::less<>(), reversed);
            std::ranges::sort(expected, std::less<>(), reversed);
            ASSERT_EQ(ours, expected) << n << " doubles of " << range;
        }
    std::vector<std::string> words;
    for (const int x : numbers<int>(20'000))
        words.push_back("some longer text " + std::to_string(x));
    auto expected = words;
    twill::par::sort(words);
    std::ranges::sort(expected);
    EXPECT_EQ(words, expected);
}

TEST(sort, is_not_defeated_by_patterns) {
    const pool_of four(4);
    const int n = 150'000;
    const auto fill = [](auto&& value) {
        std::vector<int> made(n);
        for (int i = 0; i != n; ++i) made[static_cast<std::size_t>(i)] = value(i);
        return made;
    };
    const std::vector<int> patterns[] = {
        fill([](int i) { return i; }), fill([](int i) { return -i; }),
        fill([](int i) { return std::min(i, n - i); }), fill([](int i) { return i % 1000; }),
        fill([](int i) { return i == n - 1 ? 0 : i; })};
    for (const auto& pattern : patterns) {
        auto by_vectors = pattern;
        auto by_comparisons = pattern;
        twill::atomic<long> comparisons{0};
        twill::par::sort(by_vectors);
        twill::par::sort(by_comparisons, [&](int a, int b) {
            comparisons.fetch_add(1, std::memory_order_relaxed);
            return a < b;
        });
        EXPECT_TRUE(std::ranges::is_sorted(by_vectors));
        EXPECT_TRUE(std::ranges::is_sorted(by_comparisons));
        EXPECT_LT(comparisons.load(), 3L * n * 18);
    }
}

TEST(sort, leaves_a_permutation_when_a_comparison_throws) {
    const pool_of four(4);
    for (const std::size_t n : {std::size_t{15}, std::size_t{1000}, std::size_t{140'000}})
        for (const long fails_at : {1L, 100L, 200'000L, 1'000'000L}) {
            auto words = numbers<std::uint64_t>(n);
            auto expected = words;
            twill::atomic<long> calls{0};
            bool thrown = false;
            try {
                twill::par::sort(words, [&](std::uint64_t a, std::uint64_t b) {
                    if (calls.fetch_add(1) == fails_at) throw std::runtime_error("comparison");
                    return a < b;
                });
            } catch (const std::runtime_error&) {
                thrown = true;
            }
            EXPECT_EQ(thrown, calls.load() > fails_at);
            std::ranges::sort(words);
            std::ranges::sort(expected);
            EXPECT_EQ(words, expected) << n << ", " << fails_at;
        }
}

TEST(sort, leaves_a_permutation_when_it_is_stopped) {
    twill::compute_pool pool({.workers = 2});
    auto values = numbers<double>(200'000);
    auto expected = values;
    twill::atomic<bool> runs{false};
    par_test::test_region work([&](twill::par::context& here) {
        for (;;) {
            runs.store(true);
            twill::par::sort(here, values, std::less<>(), [](double x) { return -x; });
            twill::par::sort(here, values);
        }
    });
    pool.submit(work);
    par_test::wait_without_beat([&] { return runs.load(); });
    work.request_stop();
    work.wait();
    EXPECT_TRUE(work.was_cancelled());
    std::ranges::sort(values);
    std::ranges::sort(expected);
    EXPECT_EQ(values, expected);
}

}  // namespace
