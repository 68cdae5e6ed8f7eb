// The wall clock is set while tasks wait: nothing may end earlier or later for that but a sleep
// until a time of day. Once with the clock as twill sees it, and once with that of the machine,
// where the tests may set it (scripts/own-clock).

#include <twill/async/interval.hpp>
#include <twill/async/rate_limiter.hpp>
#include <twill/async/semaphore.hpp>

#include <twill/core/reactor.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <time.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::now;
using twill::scope;
using twill::scope_ref;
using twill::task;

constexpr twill::duration day = 24h;

enum class clock_of { twill, machine };

class ClockStep : public testing::TestWithParam<clock_of> {
protected:
    void SetUp() override {
        if (GetParam() == clock_of::twill) return;
        if (std::getenv("TWILL_MAY_SET_CLOCK") == nullptr)
            GTEST_SKIP() << "only where TWILL_MAY_SET_CLOCK is set: scripts/own-clock";
        set_machine(0ns);
        ASSERT_TRUE(may_set_) << "the clock cannot be set here: " << std::strerror(errno);
    }
    void TearDown() override {
        if (off_ != 0ns && may_set_) set_machine(-off_);
    }

    // As if a time server had found it wrong by so much.
    void step(twill::reactor& io, twill::duration by) {
        if (GetParam() == clock_of::machine) {
            set_machine(by);
            EXPECT_TRUE(may_set_);
            return;
        }
        twill::detail::shift_wall_clock(by);
        io.clock_was_set();
    }

private:
    void set_machine(twill::duration by) {
        timespec at{};
        ::clock_gettime(CLOCK_REALTIME, &at);
        at.tv_sec += static_cast<time_t>(by / 1s);
        may_set_ = ::clock_settime(CLOCK_REALTIME, &at) == 0;
        off_ += by;
    }

    bool may_set_ = true;
    twill::duration off_{};
};

// Ends so long after `began`, by the clock that is never set, and not before.
task<> ends_after(twill::duration length, task<> what) {
    const auto began = now();
    co_await std::move(what);
    EXPECT_GE(now() - began, length);
}

task<> expires(twill::duration length) {
    EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(length, for_ever())));
}
task<> expires_at(twill::duration length) {
    const auto when = now() + length;
    EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_deadline(when, for_ever())));
}
task<> sleeps(twill::duration length) { co_await twill::sleep(length); }
task<> sleeps_until(twill::duration length) { co_await twill::sleep_until(now() + length); }
task<> ticks() {
    twill::interval every(10ms, {.missed = twill::missed_ticks::burst});
    for (int i = 0; i < 3; ++i) co_await every.tick();
}
task<> keeps_the_rate() {
    twill::rate_limiter limit({.rate = 100});
    for (int i = 0; i < 4; ++i) co_await limit.acquire();
}
task<> waits_for_a_permit() {
    twill::semaphore none(0);
    const auto take = [](twill::semaphore* from) -> task<> {
        const auto permit = co_await from->acquire();
    };
    EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(30ms, take(&none))));
}
task<> blocks() {
    co_await twill::blocking([] { std::this_thread::sleep_for(30ms); });
}
// What is given a day has it.
task<> is_not_cut_off(const bool* over) {
    co_await twill::with_timeout(day / 2, [](const bool* end) -> task<> {
        while (!*end) co_await twill::sleep(1ms);
    }(over));
}

task<> all_that_waits(bool* over) {
    co_await scope([](scope_ref s) -> task<> {
        s.spawn(ends_after, 30ms, sleeps(30ms));
        s.spawn(ends_after, 30ms, sleeps_until(30ms));
        s.spawn(ends_after, 30ms, expires(30ms));
        s.spawn(ends_after, 30ms, expires_at(30ms));
        s.spawn(ends_after, 30ms, waits_for_a_permit());
        s.spawn(ends_after, 30ms, ticks());
        s.spawn(ends_after, 30ms, keeps_the_rate());
        s.spawn(ends_after, 30ms, blocks());
        co_return;
    });
    *over = true;
}

TEST_P(ClockStep, NothingEndsEarlierOrLater) {
    // Ten days back: what waits by the wall clock would not end. Forward: it would end at once.
    for (const auto by : {day, -10 * day, 9 * day})
        twill::run([&]() -> task<> {
            auto& io = (co_await twill::detail::current()).home().io();
            bool over = false;
            co_await scope([&](scope_ref s) -> task<> {
                s.spawn(is_not_cut_off, &over);
                s.spawn(all_that_waits, &over);
                co_await twill::sleep(5ms);
                step(io, by);
            });
            EXPECT_TRUE(over);
        });
}

TEST_P(ClockStep, TimeOfDayComesWhenTheClockSaysSo) {
    twill::run([&]() -> task<> {
        auto& io = (co_await twill::detail::current()).home().io();
        const auto tomorrow = twill::wall_now() + day;
        bool over = false;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await twill::sleep_until(tomorrow);
                over = true;
            });
            co_await twill::sleep(5ms);
            EXPECT_FALSE(over);
            step(io, day);
        });
        EXPECT_TRUE(over) << "it has come";
        EXPECT_GE(twill::wall_now(), tomorrow);
        const auto soon = twill::wall_now() + 10ms;
        over = false;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await twill::sleep_until(soon);
                over = true;
            });
            co_await twill::yield();
            step(io, -day);
            co_await twill::sleep(30ms);
            EXPECT_FALSE(over) << "it is a day away now";
            step(io, day);
        });
        EXPECT_TRUE(over);
    });
}

INSTANTIATE_TEST_SUITE_P(All, ClockStep, testing::Values(clock_of::twill, clock_of::machine),
                         [](const auto& which) {
                             return which.param == clock_of::twill ? "OfTwill" : "OfTheMachine";
                         });

}  // namespace
