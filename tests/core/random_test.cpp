#include <twill/core/random.hpp>

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace {

using twill::random_source;

TEST(Random, SameSeedSameNumbers) {
    random_source a(42);
    random_source b(42);
    random_source c(43);
    bool differs = false;
    for (int i = 0; i < 100; ++i) {
        const auto number = a.next();
        EXPECT_EQ(number, b.next());
        differs = differs || number != c.next();
    }
    EXPECT_TRUE(differs);
}

TEST(Random, BelowStaysBelowAndReachesAll) {
    random_source dice(1);
    std::array<int, 7> seen{};
    for (int i = 0; i < 7'000; ++i) {
        const auto n = dice.below(7);
        ASSERT_LT(n, 7U);
        ++seen[n];
    }
    for (const int count : seen) EXPECT_NEAR(count, 1000, 200);
    EXPECT_EQ(dice.below(1), 0U);
}

TEST(Random, UnitStaysInItsInterval) {
    random_source dice(2);
    double sum = 0;
    for (int i = 0; i < 10'000; ++i) {
        const double x = dice.unit();
        ASSERT_GE(x, 0.0);
        ASSERT_LT(x, 1.0);
        sum += x;
    }
    EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

TEST(Random, SeedZeroIsAsGoodAsAny) {
    random_source dice(0);
    EXPECT_NE(dice.next(), dice.next());
}

TEST(Random, SeedsDiffer) {
    std::set<std::uint64_t> seeds;
    for (int i = 0; i < 1000; ++i) seeds.insert(twill::random_seed());
    EXPECT_EQ(seeds.size(), 1000U);
}

}  // namespace
