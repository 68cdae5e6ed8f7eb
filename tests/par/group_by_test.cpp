#include <twill/par/group_by.hpp>
#include <twill/par/histogram.hpp>

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "par/fixtures.hpp"

namespace {

using par_test::pool_of;

const std::size_t sizes[] = {0, 1, 2, 127, 1023, 1025, 20'011, 100'003};

std::vector<unsigned> numbers(std::size_t count, unsigned range) {
    std::mt19937 random(static_cast<unsigned>(count));
    std::vector<unsigned> made(count);
    for (unsigned& x : made) x = static_cast<unsigned>(random() % range);
    return made;
}

TEST(histogram, counts_each_bucket) {
    const pool_of four(4);
    for (const std::size_t n : sizes)
        for (const unsigned buckets : {1U, 2U, 100U, 1025U, 50'000U}) {
            const auto values = numbers(n, buckets);
            std::vector<std::size_t> expected(buckets);
            for (const unsigned x : values) ++expected[x];
            ASSERT_EQ(twill::par::histogram(values, buckets, [](unsigned x) { return x; }),
                      expected)
                << n << " in " << buckets;
            ASSERT_EQ(twill::par::histogram(values.begin(), values.end(), buckets, std::identity()),
                      expected);
        }
}

TEST(histogram, refuses_a_bucket_that_there_is_not) {
    const pool_of four(4);
    const std::vector<int> values = {1, 2, -1};
    EXPECT_THROW(static_cast<void>(twill::par::histogram(values, 3, std::identity())),
                 std::out_of_range);
    EXPECT_THROW(static_cast<void>(twill::par::histogram(values, 0, std::identity())),
                 std::out_of_range);
}

TEST(histogram, refuses_a_bucket_among_many_good_ones) {
    const pool_of four(4);
    for (const std::size_t wrong_at : {0U, 5U, 5000U, 99'999U}) {
        auto values = numbers(100'000, 700);
        values[wrong_at] = 700;
        EXPECT_THROW(static_cast<void>(twill::par::histogram(values, 700, std::identity())),
                     std::out_of_range);
    }
}

TEST(histogram, passes_on_what_a_function_throws) {
    const pool_of four(4);
    const auto values = numbers(100'000, 700);
    for (const int fails_at : {0, 50'000, 99'999}) {
        twill::atomic<int> calls{0};
        const auto bucket_of = [&](unsigned x) {
            if (calls.fetch_add(1) == fails_at) throw std::runtime_error("bucket");
            return x;
        };
        EXPECT_THROW(static_cast<void>(twill::par::histogram(values, 700, bucket_of)),
                     std::runtime_error);
    }
}

TEST(group_by, keeps_the_order_of_first_appearance_and_of_the_elements) {
    const pool_of four(4);
    struct row {
        std::string key;
        std::size_t place = 0;
    };
    for (const std::size_t n : sizes)
        for (const unsigned keys : {1U, 5U, 3000U, 1'000'000U}) {
            if (n > 50'000 && keys > 3000) continue;
            std::vector<row> rows;
            for (const unsigned x : numbers(n, keys))
                rows.push_back({"key " + std::to_string(x), rows.size()});
            std::map<std::string, std::vector<std::size_t>> expected;
            std::vector<std::string> order;
            for (const row& r : rows) {
                if (!expected.contains(r.key)) order.push_back(r.key);
                expected[r.key].push_back(r.place);
            }
            const auto found = twill::par::group_by(rows, &row::key);
            ASSERT_EQ(found.keys(), order);
            for (std::size_t g = 0; g != found.size(); ++g) {
                const auto& places = expected[found.key(g)];
                ASSERT_TRUE(std::ranges::equal(found[g], places, {}, &row::place));
            }
        }
}

TEST(group_by, passes_on_what_a_function_throws) {
    const pool_of four(4);
    const auto values = numbers(100'000, 1000);
    for (const int fails_at : {0, 50'000, 99'999}) {
        twill::atomic<int> calls{0};
        EXPECT_THROW(static_cast<void>(twill::par::group_by(values,
                                                            [&](unsigned x) {
                                                                if (calls.fetch_add(1) == fails_at)
                                                                    throw std::runtime_error("key");
                                                                return x;
                                                            })),
                     std::runtime_error);
    }
}

}  // namespace
