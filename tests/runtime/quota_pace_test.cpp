#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <vector>

#include "runtime/quota_pace.hpp"

namespace {

using namespace std::chrono_literals;
using twill::duration;
using twill::time_point;
using twill::detail::quota_pace;

constexpr double no_quota = std::numeric_limits<double>::infinity();

// Threads that compute all the time, but for the rests that they are given, looked at every
// millisecond.
struct program {
    program(double quota, int threads) : busy(threads), resting(static_cast<std::size_t>(threads)) {
        pace.set_quota(quota);
    }

    void run(duration length) {
        for (duration passed{}; passed < length; passed += 1ms) {
            at += 1ms;
            used += busy * duration(1ms);
            for (duration& left : resting) {
                const duration rests = std::min<duration>(left, 1ms);
                left -= rests;
                used -= rests;
            }
            const duration due = pace.rest_due(at, used, duration::zero());
            longest = std::max(longest, due);
            *std::min_element(resting.begin(), resting.end()) += due;
        }
    }

    quota_pace pace;
    int busy;
    time_point at = time_point{} + 1h;
    duration used{};
    std::vector<duration> resting;  // of each thread, how much is left
    duration longest{};
};

TEST(QuotaPace, KeepsBelowTheQuotaAndUsesIt) {
    for (const auto& [quota, threads] :
         {std::pair{1.5, 2}, std::pair{0.3, 1}, std::pair{1.0, 2}, std::pair{3.2, 4}}) {
        program one(quota, threads);
        one.run(1s);
        const duration before = one.used;
        one.run(10s);
        const double cpus = static_cast<double>((one.used - before).count()) / 10e9;
        EXPECT_LE(cpus, quota * 0.98) << quota;
        EXPECT_GE(cpus, quota * 0.94) << quota;
        EXPECT_LE(one.longest, quota_pace::longest_rest);
    }
}

TEST(QuotaPace, AsksForNothingBelowTheQuota) {
    program one(2.5, 2);
    one.run(1s);
    EXPECT_EQ(one.longest, 0ms);
}

TEST(QuotaPace, KnowsNoQuotaAtFirst) {
    quota_pace pace;
    EXPECT_FALSE(pace.limited());
    pace.set_quota(1.5);
    EXPECT_TRUE(pace.limited());
    pace.set_quota(no_quota);
    EXPECT_FALSE(pace.limited());
}

TEST(QuotaPace, UsesLessAfterThrottlingAndSlowlyMoreWithout) {
    quota_pace pace;
    pace.set_quota(1.5);
    pace.throttled(true);
    EXPECT_LT(pace.share_used(), quota_pace::most_used);
    for (int i = 0; i < 100; ++i) pace.throttled(true);
    EXPECT_DOUBLE_EQ(pace.share_used(), quota_pace::least_used);
    for (int i = 0; i < 100; ++i) pace.throttled(false);
    EXPECT_DOUBLE_EQ(pace.share_used(), quota_pace::most_used);
}

TEST(QuotaPace, AsksAgainForARestThatNobodyTook) {
    quota_pace pace;
    pace.set_quota(1.0);
    time_point at = time_point{} + 1h;
    duration used{};
    duration due = pace.rest_due(at, used, 0ms);
    for (int i = 0; i < 10 && due == 0ms; ++i) due = pace.rest_due(at += 1ms, used += 2ms, 0ms);
    ASSERT_GT(due, 0ms);
    EXPECT_GT(pace.rest_due(at += 1ms, used += 2ms, due), 0ms);
}

}  // namespace
