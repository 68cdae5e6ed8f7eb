#include <gtest/gtest.h>

#include <chrono>

#include "runtime/giving_way.hpp"

namespace {

using namespace std::chrono_literals;
using twill::after;
using twill::duration;
using twill::time_point;
using twill::detail::giving_way;

// Yields whenever it is due for `length`, with the same outcome each time; gives the time spent in
// yields.
duration spent(giving_way& rule, time_point& at, duration length, duration took,
               std::uint64_t turns) {
    duration sum{};
    for (const time_point end = after(at, length); at < end; at = after(at, 10us)) {
        if (!rule.due(at)) continue;
        at = after(at, took);
        rule.yielded(at, took, turns);
        sum += took;
    }
    return sum;
}

TEST(GivingWay, IsDueAtOnceAndThenAtIntervals) {
    giving_way rule;
    time_point at = after(time_point{}, 1s);
    EXPECT_TRUE(rule.due(at));
    rule.yielded(at, 1us, 0);
    EXPECT_FALSE(rule.due(at));
    EXPECT_FALSE(rule.due(after(at, giving_way::shortest - 1us)));
    EXPECT_TRUE(rule.due(after(at, giving_way::shortest)));
}

TEST(GivingWay, GoesOnWhileEventThreadsRunOrNobodyDoes) {
    giving_way rule;
    time_point at = after(time_point{}, 1s);
    spent(rule, at, 100ms, 2us, 0);
    EXPECT_EQ(rule.interval(), giving_way::shortest);
    spent(rule, at, 100ms, 40us, 1);
    EXPECT_EQ(rule.interval(), giving_way::shortest);
    // Many requests at once.
    spent(rule, at, 100ms, 3ms, 60);
    EXPECT_EQ(rule.interval(), giving_way::shortest);
}

// Each loses a time slice to somebody else.
TEST(GivingWay, LosesFewPercentToStrangers) {
    giving_way rule;
    time_point at = after(time_point{}, 1s);
    spent(rule, at, 1s, 3ms, 0);
    EXPECT_EQ(rule.interval(), giving_way::longest);
    const duration lost = spent(rule, at, 10s, 3ms, 1);
    EXPECT_LT(lost, 400ms);
    EXPECT_GT(lost, 200ms) << "it tries again now and then";
}

TEST(GivingWay, ComesBackWhenTheStrangersAreGone) {
    giving_way rule;
    time_point at = after(time_point{}, 1s);
    spent(rule, at, 1s, 3ms, 0);
    spent(rule, at, 300ms, 30us, 1);
    EXPECT_EQ(rule.interval(), giving_way::shortest);
}

}  // namespace
