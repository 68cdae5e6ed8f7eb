#include <twill/core/atomic.hpp>
#include <twill/par/for_each.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "par/fixtures.hpp"
#include "par/numbers.hpp"

namespace {

using par_test::churn;
using par_test::pool_of;
using twill::par::context;
namespace par = twill::par;

TEST(for_each_block, intervals_cover_all_once) {
    pool_of test(4);
    for (const std::size_t size : par_test::sizes) {
        std::vector<int> visits(size, 0);
        par::for_each_block(size, [&](std::size_t from, std::size_t to) {
            EXPECT_LT(from, to);
            EXPECT_LE(to - from, 4096U);
            for (std::size_t i = from; i != to; ++i) ++visits[i];
        });
        EXPECT_EQ(std::ranges::count(visits, 1), static_cast<std::ptrdiff_t>(size));
    }
    twill::atomic<std::size_t> sum{0};
    par::for_each_block(7, 9, [&](context&, std::size_t from, std::size_t to) {
        for (; from != to; ++from) sum += from;
    });
    EXPECT_EQ(sum.load(), 15U);
}

TEST(for_each_index_2d, visits_each_cell_once_whatever_the_shape) {
    pool_of test(4);
    using shape = std::pair<std::size_t, std::size_t>;
    for (const auto& [rows, columns] :
         {shape{0, 5}, shape{5, 0}, shape{1, 1}, shape{1, 1'000}, shape{1'000, 1}, shape{32, 32},
          shape{33, 31}, shape{100, 257}}) {
        std::vector<std::vector<int>> visits(rows, std::vector<int>(columns, 0));
        par::for_each_index_2d(rows, columns, [&](std::size_t r, std::size_t c) {
            churn(10);
            ++visits.at(r).at(c);
        });
        for (const auto& row : visits)
            EXPECT_EQ(std::ranges::count(row, 1), static_cast<std::ptrdiff_t>(columns));
    }
}

TEST(for_each_index_2d, keeps_to_a_tile_before_the_next) {
    pool_of test(1);
    std::vector<std::pair<std::size_t, std::size_t>> order;
    par::for_each_index_2d(
        40, 70, [&](context&, std::size_t r, std::size_t c) { order.emplace_back(r, c); });
    ASSERT_EQ(order.size(), 2'800U);
    EXPECT_EQ(order[32], (std::pair<std::size_t, std::size_t>{1, 0}));
    EXPECT_EQ(order[1024], (std::pair<std::size_t, std::size_t>{0, 32}));
    EXPECT_EQ(order[2048], (std::pair<std::size_t, std::size_t>{0, 64}));
    EXPECT_EQ(order[32U * 70U], (std::pair<std::size_t, std::size_t>{32, 0}));
    EXPECT_EQ(order.back(), (std::pair<std::size_t, std::size_t>{39, 69}));
}

TEST(for_each_index_2d, passes_on_what_the_function_throws) {
    pool_of test(4);
    EXPECT_THROW(par::for_each_index_2d(50, 50,
                                        [](std::size_t r, std::size_t c) {
                                            churn(100);
                                            if (r == 49 && c == 49)
                                                throw std::runtime_error("last");
                                        }),
                 std::runtime_error);
}

}  // namespace
