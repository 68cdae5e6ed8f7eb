#include "twill/check/distinct_count.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace {

using twill_command::check::distinct_count;

TEST(distinct_count, few_are_counted_exactly) {
    distinct_count counted(100);
    for (int round = 0; round != 3; ++round)
        for (std::uint64_t i = 0; i != 100; ++i) counted.add(i);
    EXPECT_EQ(counted.count(), 100U);
    EXPECT_FALSE(counted.is_estimate());
}

TEST(distinct_count, many_are_estimated_from_those_that_are_kept) {
    distinct_count counted(4096);
    constexpr std::uint64_t many = 200'000;
    for (int round = 0; round != 2; ++round)
        for (std::uint64_t i = 0; i != many; ++i) counted.add(i * 1'000'003);
    EXPECT_TRUE(counted.is_estimate());
    // The standard error is 1/sqrt(4096), 1.6%; these numbers are the same each time.
    EXPECT_NEAR(static_cast<double>(counted.count()), many, many * 0.05);
}

}  // namespace
