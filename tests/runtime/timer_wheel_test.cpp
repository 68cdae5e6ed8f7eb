#include <twill/runtime/detail/timer_wheel.hpp>

#include <twill/core/random.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace {

using namespace std::chrono_literals;
using twill::duration;
using twill::time_point;
using twill::detail::timer_wheel;
using armed = timer_wheel::armed;

constexpr duration tick = duration(1 << 16);
constexpr time_point start = time_point(123'456'789'012ns);

struct test_timer final : twill::timer {
    explicit test_timer(time_point when = {}) : timer(&test_timer::fired) { deadline = when; }
    static void fired(twill::timer& /*self*/) noexcept {}
    std::multimap<std::uint64_t, test_timer*>::iterator place;
    bool pending = false;
};

std::vector<test_timer*> expire(timer_wheel& wheel, time_point now) {
    std::vector<test_timer*> all;
    for (twill::timer* each = wheel.expire(now); each != nullptr; each = each->next)
        all.push_back(static_cast<test_timer*>(each));
    return all;
}

TEST(TimerWheel, ATimerIsDueByItsOwnTimeAndNotByThatOfItsSlot) {
    timer_wheel wheel(start);
    EXPECT_FALSE(wheel.any_due(start + 1h));
    test_timer late(start + 100 * tick);
    test_timer early(start + 70 * tick);
    wheel.arm(late);
    wheel.arm(early);
    EXPECT_LE(wheel.next(), start + 65 * tick);
    EXPECT_FALSE(wheel.any_due(start + 69 * tick));
    EXPECT_TRUE(wheel.any_due(start + 70 * tick));
    EXPECT_EQ(expire(wheel, start + 70 * tick).size(), 1U);
    EXPECT_FALSE(wheel.any_due(start + 99 * tick));
    EXPECT_TRUE(wheel.any_due(start + 100 * tick));
}

TEST(TimerWheel, CoalescedTimersFireTogetherAndNeverEarly) {
    constexpr duration slack = 5ms;
    timer_wheel wheel(start, slack);
    twill::random_source random(7);
    std::vector<std::unique_ptr<test_timer>> all;
    for (int i = 0; i < 1000; ++i) {
        const auto ahead = duration(static_cast<std::int64_t>(random.below(1'000'000'000)));
        all.push_back(std::make_unique<test_timer>(start + ahead));
        wheel.arm(*all.back());
    }
    int moments = 0;
    std::size_t fired = 0;
    for (time_point at = wheel.next(); at != twill::never; at = wheel.next()) {
        const auto due = expire(wheel, at);
        fired += due.size();
        moments += due.empty() ? 0 : 1;
        for (const test_timer* each : due) {
            EXPECT_GE(at, each->deadline);
            EXPECT_LE(at - each->deadline, slack + tick);
        }
    }
    EXPECT_EQ(fired, all.size());
    // 2^6 ticks are 4.2 ms.
    EXPECT_LE(moments, 1'000'000'000 / (64 * tick.count()) + 1);
}

TEST(TimerWheel, FiresNeverEarlyAndAtMostOneTickLate) {
    timer_wheel wheel(start);
    time_point now = start;
    for (const duration ahead : {1ns, 65'535ns, 65'536ns, 65'537ns, 4'000'000ns, 5'000'000ns}) {
        now += 10s + ahead;
        expire(wheel, now);
        test_timer one(now + ahead);
        wheel.arm(one);
        EXPECT_TRUE(expire(wheel, one.deadline - 1ns).empty());
        EXPECT_EQ(expire(wheel, one.deadline + tick).size(), 1U) << ahead.count();
    }
}

TEST(TimerWheel, PastDeadlinesFireAtTheNextTick) {
    timer_wheel wheel(start);
    expire(wheel, start + 1s);
    test_timer past(start + 1ms);
    test_timer origin(time_point{});
    test_timer least(time_point::min());
    wheel.arm(past);
    wheel.arm(origin);
    wheel.arm(least);
    EXPECT_LE(wheel.next(), start + 1s + tick);
    EXPECT_EQ(expire(wheel, start + 1s + tick).size(), 3U);
    EXPECT_EQ(wheel.next(), twill::never);
}

TEST(TimerWheel, FarDeadlinesStayPending) {
    timer_wheel wheel(start);
    test_timer far(twill::never);
    test_timer farther(twill::never - 1ns);
    EXPECT_EQ(wheel.arm(far), armed::earliest);
    wheel.arm(farther);
    for (const duration ahead : {duration(1s), duration(24h * 365 * 9), duration(24h * 365 * 20),
                                 duration(24h * 365 * 280)}) {
        EXPECT_TRUE(expire(wheel, start + ahead).empty());
        EXPECT_GT(wheel.next(), start + ahead);
    }
    EXPECT_TRUE(wheel.disarm(far));
    EXPECT_TRUE(wheel.disarm(farther));
    EXPECT_EQ(wheel.next(), twill::never);
}

TEST(TimerWheel, AnOriginOfZeroHoldsTheLastPointToo) {
    timer_wheel wheel(time_point{});
    test_timer last(twill::never);
    wheel.arm(last);
    EXPECT_GT(wheel.next(), time_point(24h * 365 * 200));
    EXPECT_TRUE(expire(wheel, time_point(24h * 365 * 290)).empty());
    EXPECT_TRUE(wheel.disarm(last));
}

// Once every nine years the seven levels that there were turned over, and `expire` did not return.
TEST(TimerWheel, TurnsOverAllItsLevels) {
    timer_wheel wheel(start);
    const duration lap = duration((std::int64_t{1} << 42) << 16);
    test_timer beyond(start + 2 * lap + 5ms);
    wheel.arm(beyond);
    for (const duration at : {lap - 2 * tick, lap - tick, lap, lap + tick, 2 * lap})
        EXPECT_TRUE(expire(wheel, start + at).empty());
    EXPECT_EQ(expire(wheel, beyond.deadline + tick).size(), 1U);
}

// Timers of one slot of a higher level used to fire in the order of their arming after a long
// pause.
TEST(TimerWheel, AfterALongPauseFiresInTheOrderOfDeadlines) {
    timer_wheel wheel(start);
    std::deque<test_timer> all;
    for (int i = 1000; i > 0; --i) all.emplace_back(start + i * 1ms);
    for (auto& each : all) wheel.arm(each);
    const auto fired = expire(wheel, start + 1h);
    ASSERT_EQ(fired.size(), 1000U);
    for (std::size_t i = 1; i < fired.size(); ++i)
        EXPECT_LT(fired[i - 1]->deadline, fired[i]->deadline);
}

TEST(TimerWheel, IsFirstInFirstOutWithinATick) {
    timer_wheel wheel(start);
    std::deque<test_timer> all;
    const time_point at = start + 100ms;
    for (int i = 0; i < 50; ++i) all.emplace_back(at);
    for (int i = 0; i < 25; ++i) wheel.arm(all[static_cast<std::size_t>(i)]);
    expire(wheel, start + 99ms);  // the first half is on a lower level by now
    for (int i = 25; i < 50; ++i) wheel.arm(all[static_cast<std::size_t>(i)]);
    const auto fired = expire(wheel, at + tick);
    ASSERT_EQ(fired.size(), 50U);
    for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(fired[i], &all[i]);
}

TEST(TimerWheel, DisarmTellsWhetherItCameInTime) {
    timer_wheel wheel(start);
    test_timer one(start + 1ms);
    wheel.arm(one);
    EXPECT_TRUE(wheel.disarm(one));
    EXPECT_TRUE(expire(wheel, start + 1s).empty());

    test_timer two(start + 2s);
    wheel.arm(two);
    EXPECT_EQ(expire(wheel, start + 3s).size(), 1U);
    EXPECT_FALSE(wheel.disarm(two)) << "it was taken out to be fired";

    test_timer three(start + 4s);
    EXPECT_FALSE(wheel.disarm(three));
    EXPECT_EQ(wheel.arm(three), armed::refused) << "disarm came first";
    EXPECT_TRUE(expire(wheel, start + 5s).empty());
}

TEST(TimerWheel, SaysWhetherTheSleeperMustWakeEarlier) {
    timer_wheel wheel(start);
    test_timer late(start + 1h);
    test_timer later(start + 2h);
    test_timer early(start + 1ms);
    EXPECT_EQ(wheel.arm(late), armed::earliest);
    EXPECT_EQ(wheel.arm(later), armed::later);
    EXPECT_EQ(wheel.arm(early), armed::earliest);
}

TEST(TimerWheel, NextIsNeverLaterThanWhatIsDue) {
    twill::random_source dice(3);
    for (int round = 0; round < 2000; ++round) {
        timer_wheel wheel(start);
        expire(wheel,
               start + duration(static_cast<std::int64_t>(dice.next() >> (10 + dice.below(50)))));
        const time_point due =
            start + duration(static_cast<std::int64_t>(dice.next() >> (2 + dice.below(60))));
        test_timer one(due);
        wheel.arm(one);
        // What a worker does: sleep until `next`, expire, until it fires.
        time_point now = start;
        std::size_t looks = 0;
        std::size_t fired = 0;
        while (fired == 0 && ++looks <= 20) {
            now = std::max(now, wheel.next());
            fired = expire(wheel, now).size();
        }
        EXPECT_EQ(fired, 1U) << "it must not be looked at again and again";
        EXPECT_GE(now, due);
    }
}

// Against a sorted multimap of ticks, over spans from nanoseconds to centuries.
TEST(TimerWheel, DoesWhatASortedMapDoes) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        twill::random_source dice(seed);
        timer_wheel wheel(start);
        std::multimap<std::uint64_t, test_timer*> oracle;
        std::deque<test_timer> all(200);
        time_point now = start;
        std::uint64_t now_tick = 0;
        auto tick_of = [&](time_point at) {
            const auto since = (at - start).count();
            return since <= 0 ? 0 : (static_cast<std::uint64_t>(since) + 65'535) >> 16U;
        };
        auto some_span = [&] {
            return duration(static_cast<std::int64_t>(dice.next() >> (8 + dice.below(56))));
        };
        for (int step = 0; step < 3000; ++step) {
            auto& one = all[dice.below(static_cast<std::uint32_t>(all.size()))];
            const auto action = dice.below(10);
            if (action < 6 && !one.pending) {
                one.deadline =
                    dice.below(8) == 0 ? now - some_span() : twill::after(now, some_span());
                one.now_is = twill::timer::state::idle;
                wheel.arm(one);
                one.place = oracle.emplace(std::max(tick_of(one.deadline), now_tick + 1), &one);
                one.pending = true;
            } else if (action < 8 && one.pending) {
                ASSERT_TRUE(wheel.disarm(one));
                oracle.erase(one.place);
                one.pending = false;
            } else if (action >= 8) {
                // Not beyond the end of time.
                const duration by = some_span() / (dice.below(2) == 0 ? 1 : 1000);
                if (twill::after(now, by) > start + 24h * 365 * 250) continue;
                now += by;
                now_tick =
                    std::max(now_tick, static_cast<std::uint64_t>((now - start).count()) >> 16U);
                const auto fired = expire(wheel, now);
                for (auto* each : fired) {
                    ASSERT_FALSE(oracle.empty());
                    ASSERT_EQ(each, oracle.begin()->second) << "seed " << seed << " step " << step;
                    ASSERT_LE(each->deadline, now);
                    each->pending = false;
                    oracle.erase(oracle.begin());
                }
                ASSERT_TRUE(oracle.empty() || oracle.begin()->first > now_tick)
                    << "seed " << seed << " step " << step << ": one is late";
            }
        }
    }
}

TEST(TimerWheel, HoldsAMillion) {
    timer_wheel wheel(start);
    twill::random_source dice(5);
    auto all = std::make_unique<test_timer[]>(1'000'000);
    for (std::size_t i = 0; i < 1'000'000; ++i) {
        all[i].deadline = start + duration(dice.below(2'000'000'000));
        wheel.arm(all[i]);
    }
    std::size_t fired = 0;
    std::size_t removed = 0;
    for (std::size_t i = 0; i < 1'000'000; i += 2) removed += wheel.disarm(all[i]) ? 1 : 0;
    time_point before = time_point::min();
    for (time_point now = start; now < start + 3s; now += 10ms)
        for (twill::timer* each = wheel.expire(now); each != nullptr; each = each->next) {
            EXPECT_GE(each->deadline + tick, before);
            before = std::max(before, each->deadline);
            ++fired;
        }
    EXPECT_EQ(removed, 500'000U);
    EXPECT_EQ(fired, 500'000U);
}

}  // namespace
