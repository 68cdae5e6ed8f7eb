#include <twill/core/atomic.hpp>
#include <twill/par/sort.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "par/fixtures.hpp"

namespace {

using par_test::pool_of;
using texts = std::vector<std::string>;

// Up to `longest` of `letters` different bytes behind `front`, the smallest of which is zero and
// the largest above 127.
texts random_texts(std::size_t count, std::size_t longest, unsigned letters,
                   const std::string& front = {}) {
    std::mt19937_64 random(count);
    texts made(count, front);
    for (std::string& each : made)
        for (std::size_t n = random() % (longest + 1); n != 0; --n)
            each.push_back(static_cast<char>(random() % letters * 255 / (letters - 1)));
    return made;
}

template <class Compare = std::ranges::less>
void expect_sorted(texts all, Compare compare = {}) {
    texts expected = all;
    std::ranges::sort(expected, compare);
    twill::par::sort(all, compare);
    ASSERT_TRUE(all == expected) << all.size();
}

TEST(text_sort, is_as_the_standard_sorts_whatever_the_bytes) {
    const pool_of four(4);
    for (const std::size_t n : {21U, 33U, 1'000U, 4'097U, 10'000U})
        for (const std::size_t longest : {0U, 3U, 8U, 9U, 20U})
            for (const unsigned letters : {2U, 3U, 256U}) {
                expect_sorted(random_texts(n, longest, letters));
                expect_sorted(random_texts(n, longest, letters), std::greater<>());
            }
}

TEST(text_sort, looks_behind_what_all_begin_with) {
    const pool_of four(4);
    for (const std::size_t common : {1U, 4U, 7U, 8U, 9U, 30U}) {
        const std::string front(common, 'x');
        expect_sorted(random_texts(5'000, 12, 4, front));
        expect_sorted(random_texts(5'000, 1, 4, front + '\0'), std::greater<std::string>());
    }
    expect_sorted(texts(5'000, "all the same, and longer than eight bytes"));
    expect_sorted(texts(5'000, ""));
}

struct person {
    std::string name;
    std::size_t place;
};

std::vector<person> people(std::size_t count) {
    std::vector<person> made(count);
    std::size_t place = 0;
    for (std::string& name : random_texts(count, 12, 5))
        made[place] = {std::move(name), place}, ++place;
    return made;
}

TEST(text_sort, by_a_member_or_a_view_moves_whole_elements) {
    const pool_of four(4);
    const std::vector<person> before = people(20'000);
    const auto check = [&](const std::vector<person>& all) {
        EXPECT_TRUE(std::ranges::is_sorted(all, {}, &person::name));
        for (const person& each : all) ASSERT_EQ(each.name, before[each.place].name);
    };
    auto all = before;
    twill::par::sort(all, {}, &person::name);
    check(all);
    all = before;
    twill::par::sort(all, {}, [](const person& each) { return std::string_view(each.name); });
    check(all);
}

bool holds_all(std::vector<person> all) {
    std::ranges::sort(all, {}, &person::place);
    for (std::size_t i = 0; i != all.size(); ++i)
        if (all[i].place != i) return false;
    return true;
}

TEST(text_sort, loses_nothing_when_a_projection_throws) {
    const pool_of four(4);
    for (const long allowed : {0L, 1'000L, 9'000L, 15'000L}) {
        auto all = people(9'000);
        twill::atomic<long> left{allowed};
        const auto name = [&](const person& each) -> const std::string& {
            if (left.fetch_sub(1) == 0) throw std::runtime_error("no name");
            return each.name;
        };
        EXPECT_THROW(twill::par::sort(all, {}, name), std::runtime_error) << allowed;
        EXPECT_TRUE(holds_all(std::move(all))) << allowed;
    }
}

}  // namespace
