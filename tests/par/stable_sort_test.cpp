#include <twill/par/merge.hpp>
#include <twill/par/sort_by_key.hpp>
#include <twill/par/stable_sort.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "par/fixtures.hpp"
#include "par/numbers.hpp"

namespace {

using par_test::numbers;
using par_test::pool_of;

const std::size_t sizes[] = {0, 1, 2, 24, 25, 127, 1000, 50'021};

// So that a plain sort by key and text is a stable sort by key.
std::string text_of(std::size_t place) { return std::to_string(100'000'000 + place); }

struct item {
    int key;
    std::string place;
    bool operator==(const item&) const = default;
};

std::vector<item> items(std::size_t count, int keys) {
    std::mt19937 random(static_cast<unsigned>(count));
    std::vector<item> made(count);
    for (std::size_t i = 0; i != count; ++i)
        made[i] = {static_cast<int>(random() % static_cast<unsigned>(keys)), text_of(i)};
    return made;
}

TEST(stable_sort, keeps_the_order_of_equal_elements) {
    const pool_of four(4);
    for (const std::size_t n : sizes) {
        auto ours = items(n, 100);
        auto expected = ours;
        twill::par::stable_sort(ours, std::greater<>(), &item::key);
        std::ranges::sort(expected, [](const item& a, const item& b) {
            return a.key != b.key ? a.key > b.key : a.place < b.place;
        });
        ASSERT_EQ(ours, expected) << n;
    }
}

TEST(stable_sort, leaves_all_elements_when_a_comparison_throws) {
    const pool_of four(4);
    for (const std::size_t n : {std::size_t{20}, std::size_t{1000}, std::size_t{30'000}})
        for (const long fails_at : {1L, 15L, 3000L, 300'000L}) {
            auto ours = items(n, 1'000'000);
            auto expected = ours;
            twill::atomic<long> calls{0};
            try {
                twill::par::stable_sort(ours, [&](const item& a, const item& b) {
                    if (calls.fetch_add(1) == fails_at) throw std::runtime_error("comparison");
                    return a.key < b.key;
                });
                EXPECT_LE(calls.load(), fails_at);
            } catch (const std::runtime_error&) {
            }
            const auto by_all = [](const item& a) { return std::tie(a.key, a.place); };
            std::ranges::sort(ours, std::less<>(), by_all);
            std::ranges::sort(expected, std::less<>(), by_all);
            EXPECT_EQ(ours, expected) << n << ", " << fails_at;
        }
}

TEST(stable_sort, leaves_all_elements_when_it_is_stopped) {
    twill::compute_pool pool({.workers = 2});
    auto ours = items(50'000, 1'000'000);
    auto expected = ours;
    twill::atomic<bool> runs{false};
    par_test::test_region work([&](twill::par::context& here) {
        for (bool up = true;; up = !up) {
            runs.store(true);
            twill::par::stable_sort(here, ours, [&](const item& a, const item& b) {
                return up ? a.key < b.key : b.key < a.key;
            });
        }
    });
    pool.submit(work);
    par_test::wait_without_beat([&] { return runs.load(); });
    work.request_stop();
    work.wait();
    EXPECT_TRUE(work.was_cancelled());
    const auto by_all = [](const item& a) { return std::tie(a.key, a.place); };
    std::ranges::sort(ours, std::less<>(), by_all);
    std::ranges::sort(expected, std::less<>(), by_all);
    EXPECT_EQ(ours, expected);
}

TEST(merge, is_as_the_standard_merges) {
    const pool_of four(4);
    for (const std::size_t n : sizes)
        for (const std::size_t m : {std::size_t{0}, std::size_t{1}, n / 3, std::size_t{20'011}}) {
            auto left = items(n, 1000);
            auto right = items(m, 1000);
            std::ranges::sort(left, std::less<>(), &item::key);
            std::ranges::sort(right, std::less<>(), &item::key);
            std::vector<item> ours(n + m);
            std::vector<item> expected(n + m);
            const auto end =
                twill::par::merge(left, right, ours.begin(), std::less<>(), &item::key, &item::key);
            std::ranges::merge(left, right, expected.begin(), std::less<>(), &item::key,
                               &item::key);
            EXPECT_EQ(end, ours.end());
            ASSERT_EQ(ours, expected) << n << " and " << m;
        }
}

template <class Key, class Compare>
void expect_values_to_follow(std::size_t count, Compare compare) {
    std::mt19937_64 random(count);
    std::vector<std::pair<Key, std::string>> expected;
    for (std::size_t i = 0; i != count; ++i)
        expected.emplace_back(static_cast<Key>(static_cast<int>(random() % 2000) - 1000),
                              text_of(i));
    std::vector<Key> keys;
    std::vector<std::string> values;
    for (const auto& [key, value] : expected) {
        keys.push_back(key);
        values.push_back(value);
    }
    twill::par::sort_by_key(keys, values, compare);
    std::ranges::sort(expected, [&](const auto& a, const auto& b) {
        return a.first != b.first ? compare(a.first, b.first) : a.second < b.second;
    });
    for (std::size_t i = 0; i != count; ++i) {
        ASSERT_EQ(keys[i], expected[i].first) << i << " of " << count;
        ASSERT_EQ(values[i], expected[i].second) << i << " of " << count;
    }
}

TEST(sort_by_key, moves_values_with_their_keys_and_is_stable) {
    const pool_of four(4);
    for (const std::size_t n : {0U, 1U, 100U, 20'021U}) {
        expect_values_to_follow<std::int32_t>(n, std::less<>());
        expect_values_to_follow<std::uint16_t>(n, std::greater<>());
        expect_values_to_follow<float>(n, std::less<>());
        expect_values_to_follow<float>(n, std::greater<>());
        expect_values_to_follow<double>(n, std::less<>());
        expect_values_to_follow<std::int64_t>(n, std::greater<>());
    }
    std::vector<int> three(3);
    std::vector<int> two(2);
    EXPECT_THROW(twill::par::sort_by_key(three, two), std::invalid_argument);
}

TEST(sort_by_key, keeps_pairs_together_when_a_comparison_throws) {
    const pool_of four(4);
    std::vector<long> keys(30'000);
    for (std::size_t i = 0; i != keys.size(); ++i)
        keys[i] = static_cast<long>((i * 7919) % keys.size());
    auto values = keys;
    twill::atomic<int> calls{0};
    EXPECT_THROW(twill::par::sort_by_key(keys, values,
                                         [&](long a, long b) {
                                             if (calls.fetch_add(1) == 200'000)
                                                 throw std::runtime_error("comparison");
                                             return a < b;
                                         }),
                 std::runtime_error);
    EXPECT_EQ(keys, values);
    std::ranges::sort(keys);
    for (std::size_t i = 0; i != keys.size(); ++i) ASSERT_EQ(keys[i], static_cast<long>(i));
}

TEST(merge, leaves_its_inputs_when_a_comparison_throws) {
    const pool_of four(4);
    auto left = numbers<int>(30'000, 1'000'000);
    auto right = numbers<int>(50'000, 1'000'000, 2);
    std::ranges::sort(left);
    std::ranges::sort(right);
    const auto both = std::pair(left, right);
    std::vector<int> out(left.size() + right.size());
    // Two random ranges are merged with nearly as many comparisons as there are elements.
    for (const long allowed : {0L, 1L, 40'000L, 79'000L}) {
        twill::atomic<long> allowance{allowed};
        const auto less = [&](int a, int b) {
            if (allowance.fetch_sub(1) == 0) throw std::runtime_error("comparison");
            return a < b;
        };
        EXPECT_THROW(twill::par::merge(left, right, out.begin(), less), std::runtime_error)
            << allowed;
        EXPECT_EQ(std::pair(left, right), both) << allowed;
    }
    EXPECT_THROW(twill::par::merge(left, right, out.begin(), {},
                                   [&](const int& n) {
                                       if (&n == &left.back())
                                           throw std::out_of_range("projection");
                                       return n;
                                   }),
                 std::out_of_range);
    EXPECT_EQ(std::pair(left, right), both);
}

}  // namespace
