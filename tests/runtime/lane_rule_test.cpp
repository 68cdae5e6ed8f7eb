#include <gtest/gtest.h>

#include <chrono>

#include "runtime/lane_rule.hpp"

namespace {

using namespace std::chrono_literals;
using twill::after;
using twill::duration;
using twill::time_point;
using twill::detail::starvation;
using twill::detail::weight_rule;

constexpr time_point start = time_point{} + 1h;

TEST(Starvation, IsFoundAfterTheLimit) {
    starvation thread(100ms);
    thread.begin(start, 5s);
    EXPECT_FALSE(thread.found(start + 99ms, 5s));
    EXPECT_TRUE(thread.found(start + 100ms, 5s));
    EXPECT_FALSE(thread.found(start + 150ms, 5s)) << "once a limit";
    EXPECT_TRUE(thread.found(start + 200ms, 5s));
}

TEST(Starvation, IsLessThanATenth) {
    for (const auto& [ran, starved] : {std::pair{9ms, true}, std::pair{10ms, false}}) {
        starvation thread(100ms);
        thread.begin(start, 0ms);
        EXPECT_EQ(thread.found(start + 100ms, ran), starved) << ran.count();
    }
}

TEST(Starvation, IsAskedAboutOnlyWhereLittleRan) {
    starvation thread(100ms);
    thread.begin(start, 0ms);
    EXPECT_FALSE(thread.suspected(start + 25ms, 20ms));
    EXPECT_TRUE(thread.suspected(start + 25ms, 1ms));
}

TEST(WeightRule, IsLowUntilAThreadIsStarved) {
    weight_rule rule(100ms);
    EXPECT_TRUE(rule.low());
    EXPECT_FALSE(rule.due(start));
    rule.starved(start);
    EXPECT_FALSE(rule.low());
    EXPECT_FALSE(rule.due(start + 999ms));
    EXPECT_TRUE(rule.due(start + 1s));
}

TEST(WeightRule, ReturnsOnceThereIsRoom) {
    weight_rule rule(100ms);
    rule.starved(start);
    rule.seen(start + 1s, 600ms, 400ms);
    EXPECT_FALSE(rule.low()) << "others still want the CPUs";
    EXPECT_FALSE(rule.due(start + 1500ms));
    rule.seen(start + 2s, 10ms, 0ms);
    EXPECT_FALSE(rule.low()) << "too little work to tell";
    rule.seen(start + 3s, 900ms, 100ms);
    EXPECT_TRUE(rule.low());
}

// Returns as soon as the rule allows, and is starved again at once.
TEST(WeightRule, StaysLongerAfterEachMistake) {
    weight_rule rule(100ms);
    time_point at = start;
    duration stayed{};
    for (const duration wanted : {1s, 2s, 4s, 8s, 16s, 32s, 64s, 64s}) {
        rule.starved(at);
        const time_point left = at;
        while (!rule.low()) rule.seen(at += 1s, 1s, 0s);
        stayed = at - left;
        EXPECT_EQ(stayed, wanted);
        at += 100ms;
    }
    rule.starved(at += weight_rule::lasting * 100ms);
    rule.seen(at + 1s, 1s, 0s);
    EXPECT_TRUE(rule.low()) << "the last return lasted";
}

}  // namespace
