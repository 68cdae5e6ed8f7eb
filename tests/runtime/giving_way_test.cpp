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
duration spent(giving_way& rule, time_point& at, duration length, duration took, duration served) {
    duration sum{};
    for (const time_point end = after(at, length); at < end; at = after(at, 10us)) {
        if (!rule.due(at)) continue;
        at = after(at, took);
        rule.yielded(at, took, served);
        sum += took;
    }
    return sum;
}

TEST(GivingWay, IsDueAtOnceAndThenAtIntervals) {
    giving_way rule;
    time_point at = after(time_point{}, 1s);
    EXPECT_TRUE(rule.due(at));
    rule.yielded(at, 1us, 0us);
    EXPECT_FALSE(rule.due(at));
    EXPECT_FALSE(rule.due(after(at, giving_way::shortest - 1us)));
    EXPECT_TRUE(rule.due(after(at, giving_way::shortest)));
}

TEST(GivingWay, GoesOnWhileEventThreadsRunOrNobodyDoes) {
    giving_way rule;
    time_point at = after(time_point{}, 1s);
    spent(rule, at, 100ms, 2us, 0us);
    EXPECT_EQ(rule.interval(), giving_way::shortest);
    spent(rule, at, 100ms, 40us, 38us);
    EXPECT_EQ(rule.interval(), giving_way::shortest);
    // The hypervisor had the CPU.
    spent(rule, at, 100ms, 400us, 0us);
    EXPECT_EQ(rule.interval(), 400us) << "the half of its time, and no more";
}

// They are not waiting to be woken, and the kernel's shares are as good for them.
TEST(GivingWay, LeavesBusyEventThreadsHalfOfTheTime) {
    giving_way rule;
    time_point at = after(time_point{}, 1s);
    const duration lost = spent(rule, at, 1s, 4ms, 4ms);
    EXPECT_GT(lost, 450ms);
    EXPECT_LT(lost, 550ms);
}

// Each loses a time slice to somebody else.
TEST(GivingWay, LosesFewPercentToStrangers) {
    giving_way rule;
    time_point at = after(time_point{}, 1s);
    const duration lost = spent(rule, at, 10s, 3ms, 40us);
    EXPECT_LT(lost, 400ms);
    EXPECT_GT(lost, 200ms) << "it tries again now and then";
}

// A yield that is cheap says nothing about the next.
TEST(GivingWay, LosesFewPercentWhereOnlySomeYieldsMeetStrangers) {
    giving_way rule;
    const time_point begin = after(time_point{}, 1s);
    time_point at = begin;
    duration lost{};
    for (int i = 0; at < after(begin, 10s); ++i) {
        while (!rule.due(at)) at = after(at, 10us);
        const duration took = i % 2 == 0 ? 3ms : 2us;
        at = after(at, took);
        rule.yielded(at, took, 0us);
        lost += took;
    }
    EXPECT_LT(lost, 400ms);
    EXPECT_GT(lost, 200ms);
}

// Some slices are lost before it does anything about it: a client on the same machine that has much
// to do for once costs no latency.
TEST(GivingWay, DoesNotMindALossNowAndThen) {
    giving_way rule;
    time_point at = after(time_point{}, 1s);
    for (int i = 0; i < 100; ++i) {
        spent(rule, at, 50ms, 40us, 38us);
        at = after(at, 1ms);
        rule.yielded(at, 1ms, 100us);
        EXPECT_EQ(rule.interval(), 1ms);
    }
}

TEST(GivingWay, ComesBackWhenTheStrangersAreGone) {
    giving_way rule;
    time_point at = after(time_point{}, 1s);
    spent(rule, at, 1s, 3ms, 0us);
    EXPECT_GT(rule.interval(), giving_way::longest / 2);
    EXPECT_LE(rule.interval(), giving_way::longest);
    // It was stopped.
    at = after(at, 10s);
    rule.yielded(at, 10s, 0us);
    EXPECT_EQ(rule.interval(), giving_way::longest);
    spent(rule, at, 150ms, 30us, 28us);
    EXPECT_EQ(rule.interval(), giving_way::shortest);
}

}  // namespace
