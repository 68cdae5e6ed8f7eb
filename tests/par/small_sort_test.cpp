#include <twill/par/detail/small_sort.hpp>
#include <twill/par/sort.hpp>
#include <twill/par/stable_sort.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "par/fixtures.hpp"

namespace {

using par_test::pool_of;

struct record {
    std::uint64_t key;
    std::uint64_t place;
    bool operator==(const record&) const = default;
};

std::vector<record> records(std::size_t count, std::uint64_t keys, unsigned seed) {
    std::mt19937_64 random(seed);
    std::vector<record> made(count);
    for (std::size_t i = 0; i != count; ++i) made[i] = {random() % keys, i};
    return made;
}

template <class Compare>
void sort_few(std::vector<record>& all, Compare compare) {
    std::identity project;
    twill::detail::sort_few(
        all.begin(), all.end(),
        twill::detail::projected_less<Compare, std::identity>(&compare, &project));
}

bool same_elements(std::vector<record> a, std::vector<record> b) {
    std::ranges::sort(a, {}, &record::place);
    std::ranges::sort(b, {}, &record::place);
    return a == b;
}

const auto by_key = [](const record& a, const record& b) { return a.key < b.key; };

// The order that a stable sort by key leaves: places began in order.
const auto by_key_and_place = [](const record& a, const record& b) {
    return a.key != b.key ? a.key < b.key : a.place < b.place;
};

TEST(small_sort, sorts_stably_at_each_length) {
    for (std::size_t n = 0; n <= 32; ++n)
        for (const std::uint64_t keys : {1U, 3U, 1000U})
            for (unsigned seed = 0; seed != 20; ++seed) {
                auto all = records(n, keys, seed);
                auto expected = all;
                std::ranges::sort(expected, by_key_and_place);
                sort_few(all, by_key);
                ASSERT_EQ(all, expected) << n;
            }
}

TEST(small_sort, leaves_all_elements_wherever_a_comparison_throws) {
    for (const std::size_t n : {2U, 8U, 15U, 17U, 32U})
        for (int fails_at = 0;; ++fails_at) {
            const auto before = records(n, 1000, 7);
            auto all = before;
            int calls = 0;
            try {
                sort_few(all, [&](const record& a, const record& b) {
                    if (calls++ == fails_at) throw std::runtime_error("compare");
                    return by_key(a, b);
                });
                break;
            } catch (const std::runtime_error&) {
                ASSERT_TRUE(same_elements(all, before)) << n << ' ' << fails_at;
            }
        }
}

TEST(small_sort, loses_nothing_to_a_comparison_that_contradicts_itself) {
    std::mt19937 random(1);
    for (std::size_t n = 2; n <= 32; ++n)
        for (unsigned seed = 0; seed != 20; ++seed) {
            const auto before = records(n, 1000, seed);
            auto all = before;
            sort_few(all, [&](const record&, const record&) { return random() % 2 == 0; });
            ASSERT_TRUE(same_elements(all, before)) << n;
        }
}

TEST(small_sort, serves_the_sorts_of_records) {
    const pool_of four(4);
    for (const std::size_t n : {20U, 33U, 1000U, 300'007U})
        for (const std::uint64_t keys : {std::uint64_t{1}, std::uint64_t{100}, ~std::uint64_t{0}}) {
            const auto before = records(n, keys, 3);
            auto all = before;
            twill::par::sort(all, std::ranges::greater(), &record::key);
            ASSERT_TRUE(std::ranges::is_sorted(all, std::ranges::greater(), &record::key));
            ASSERT_TRUE(same_elements(all, before));
            all = before;
            auto expected = before;
            std::ranges::sort(expected, by_key_and_place);
            twill::par::stable_sort(all, std::ranges::less(), &record::key);
            ASSERT_EQ(all, expected);
        }
}

TEST(small_sort, loses_no_record_when_a_comparison_throws_in_a_large_sort) {
    const pool_of four(4);
    for (const int fails_at : {1'000, 500'000, 3'000'000}) {
        const auto before = records(300'007, ~std::uint64_t{0}, 5);
        auto all = before;
        twill::atomic<int> calls{0};
        EXPECT_THROW(twill::par::sort(all,
                                      [&](const record& a, const record& b) {
                                          if (calls.fetch_add(1) == fails_at)
                                              throw std::runtime_error("compare");
                                          return by_key(a, b);
                                      }),
                     std::runtime_error);
        ASSERT_TRUE(same_elements(all, before));
    }
}

TEST(small_sort, loses_no_record_to_keys_that_are_not_numbers) {
    struct measured {
        double key;
        std::uint64_t place;
    };
    const pool_of four(4);
    std::mt19937 random(1);
    std::vector<measured> all(50'021);
    for (std::size_t i = 0; i != all.size(); ++i)
        all[i] = {random() % 4 == 0 ? std::numeric_limits<double>::quiet_NaN()
                                    : static_cast<double>(random()),
                  i};
    twill::par::sort(all, [](double a, double b) { return a < b; }, &measured::key);
    std::ranges::sort(all, {}, &measured::place);
    for (std::size_t i = 0; i != all.size(); ++i) ASSERT_EQ(all[i].place, i);
}

}  // namespace
