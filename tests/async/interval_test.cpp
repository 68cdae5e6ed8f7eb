#include <twill/async/interval.hpp>

#include <twill/core/error.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::interval;
using twill::missed_ticks;
using twill::run;
using twill::task;
using twill::time_point;

const time_point start{1h};

interval from_start(missed_ticks missed) {
    return interval(10ms, {.missed = missed, .first = start});
}

TEST(Interval, TicksAtItsTimesWithoutDrift) {
    for (const auto missed : {missed_ticks::skip, missed_ticks::burst}) {
        interval every = from_start(missed);
        for (int i = 0; i < 5; ++i) EXPECT_EQ(every.passed(every.next() + 3ms), start + i * 10ms);
    }
}

TEST(Interval, SkipsWhatWasMissed) {
    interval every = from_start(missed_ticks::skip);
    EXPECT_EQ(every.passed(start + 35ms), start);
    EXPECT_EQ(every.next(), start + 40ms);
    EXPECT_EQ(every.passed(start + 50ms), start + 40ms);
    EXPECT_EQ(every.next(), start + 60ms) << "a tick that is due this very moment was missed";
}

TEST(Interval, MakesUpForWhatWasMissed) {
    interval every = from_start(missed_ticks::burst);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(every.passed(start + 35ms), start + i * 10ms);
    EXPECT_EQ(every.next(), start + 40ms);
}

TEST(Interval, MovesItsTimesWhenItWasLate) {
    interval every = from_start(missed_ticks::delay);
    EXPECT_EQ(every.passed(start + 4ms), start);
    EXPECT_EQ(every.next(), start + 10ms) << "a tick that was not missed moves nothing";
    EXPECT_EQ(every.passed(start + 35ms), start + 10ms);
    EXPECT_EQ(every.next(), start + 45ms);
}

TEST(Interval, SuspendsUntilTheNextTick) {
    run([]() -> task<> {
        interval every(1ms);
        const time_point first = every.next();
        for (int i = 0; i < 3; ++i) {
            const time_point due = co_await every.tick();
            EXPECT_GE(twill::now(), due);
            EXPECT_EQ((due - first) % 1ms, 0ms);
        }
    });
}

TEST(Interval, CancelledLosesNoTick) {
    run([]() -> task<> {
        interval every(24h);
        const time_point due = every.next();
        auto wait = [&]() -> task<> { co_await every.tick(); };
        EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(1ms, wait())));
        EXPECT_EQ(every.next(), due);
    });
    cancel_everywhere([]() -> task<> {
        interval every(1us);
        for (int i = 0; i < 3; ++i) co_await every.tick();
    });
}

TEST(Interval, NearTheEndOfTimeComesToAStop) {
    interval every(twill::duration::max(), {.first = start});
    EXPECT_EQ(every.passed(start), start);
    EXPECT_EQ(every.next(), twill::never);
}

TEST(Interval, RefusesPeriodsOfNothing) {
    EXPECT_THROW(interval(0ms), twill::usage_error);
    EXPECT_THROW(interval(-1ms), twill::usage_error);
}

}  // namespace
