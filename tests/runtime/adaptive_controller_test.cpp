// The controller against a simulated machine: calls that run on a CPU, are blocked, and pass a
// server that serves so many at a time. No real time passes.
#include <twill/runtime/adaptive_controller.hpp>

#include <twill/core/error.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using twill::adaptive_controller;
using twill::adaptive_options;
using twill::adaptive_reason;
using twill::call_sample;
using twill::duration;
using twill::time_point;

double seconds(duration d) { return std::chrono::duration<double>(d).count(); }

// First come, first served, by so many at a time.
class station {
public:
    explicit station(std::size_t servers) : servers_(servers) {}
    void serve_at_a_time(std::size_t servers) { servers_ = servers; }

    // When somebody who comes at `now` and needs `length` is done. In the order of coming.
    time_point serve(time_point now, duration length) {
        while (free_at_.size() > servers_) free_at_.pop();
        time_point begin = now;
        if (free_at_.size() == servers_) {
            begin = std::max(now, free_at_.top());
            free_at_.pop();
        }
        free_at_.push(begin + length);
        return begin + length;
    }

private:
    std::size_t servers_;
    std::priority_queue<time_point, std::vector<time_point>, std::greater<>> free_at_;
};

// What the calls need.
struct load {
    std::size_t servers = 1'000'000;  // of what is behind the calls
    duration service = 10ms;
    duration run{};  // on a CPU, first
    std::size_t cpus = 2;
    bool exponential = false;            // service times; else all alike
    std::size_t fails_above = SIZE_MAX;  // in progress: then calls fail by overload
};

class world {
public:
    explicit world(const load& what) : what_(what), cpus_(what.cpus), server_(what.servers) {}

    load& what() { return what_; }
    station& server() { return server_; }
    station& cpus() { return cpus_; }
    [[nodiscard]] time_point now() const { return now_; }

    // Calls for so long, as many at a time as `limit()` says, each told to `ended`. Gives the calls
    // a second.
    template <class Limit, class Begun, class Ended>
    double run(duration length, Limit limit, Begun begun, Ended ended) {
        const time_point end = now_ + length;
        std::size_t done = 0;
        while (now_ < end) {
            while (under_way_.size() < limit()) {
                begun(now_);
                under_way_.push(call());
            }
            if (under_way_.empty()) return 0;
            const auto first = under_way_.top();
            under_way_.pop();
            now_ = first.ends;
            ++done;
            ended(first.began, now_, first.sample);
        }
        return static_cast<double>(done) / seconds(length);
    }
    double run(duration length, adaptive_controller& by) {
        return run(
            length, [&] { return by.limit(); }, [&](time_point t) { by.begun(t); },
            [&](time_point began, time_point t, const call_sample& s) { by.ended(began, t, s); });
    }
    double run(duration length, std::size_t fixed) {
        return run(length, [&] { return fixed; }, [](auto) {}, [](auto, auto, auto&) {});
    }

private:
    struct progress {
        time_point began;
        time_point ends;
        call_sample sample;
        bool operator<(const progress& other) const { return ends > other.ends; }
    };

    progress call() {
        call_sample sample;
        if (under_way_.size() >= what_.fails_above) {
            sample.overloaded = true;
            return {now_, now_ + 1ms, sample};
        }
        const time_point ran = what_.run > 0ns ? cpus_.serve(now_, what_.run) : now_;
        const duration service =
            what_.exponential
                ? duration(static_cast<std::int64_t>(std::exponential_distribution<>(1.0)(dice_) *
                                                     static_cast<double>(what_.service.count())))
                : what_.service;
        const time_point served = what_.service > 0ns ? server_.serve(ran, service) : ran;
        sample.run = what_.run;
        sample.queued = ran - now_ - what_.run;
        sample.blocked = served - ran;
        return {now_, served, sample};
    }

    load what_;
    station cpus_;
    station server_;
    std::mt19937_64 dice_{1};
    time_point now_{};
    std::priority_queue<progress> under_way_;
};

double best_fixed(const load& what, duration length) {
    double best = 0;
    for (std::size_t n = 1; n <= 1024; n = std::max(n + 1, n * 5 / 4))
        best = std::max(best, world(what).run(length, n));
    return best;
}

std::string told(const adaptive_controller& control) {
    std::string all;
    for (const auto& d : control.decisions())
        all += "\n  " + std::to_string(seconds(d.at - time_point{})) +
               " s: " + std::to_string(d.limit) + " (" +
               std::to_string(static_cast<int>(d.reason)) + "), " + std::to_string(d.throughput) +
               "/s, blocked " + std::to_string(seconds(d.blocked));
    return all;
}

struct named_load {
    const char* name;
    load what;
    std::size_t fewest;  // limits that are right
    std::size_t most;
};

class AdaptiveControllerFinds : public testing::TestWithParam<named_load> {};

INSTANTIATE_TEST_SUITE_P(
    loads, AdaptiveControllerFinds,
    testing::Values(
        named_load{"cpu_only", {.service = 0ns, .run = 10ms}, 2, 2},
        named_load{"cpu_and_a_little_more", {.service = 500us, .run = 10ms}, 2, 3},
        named_load{"mostly_waiting", {.service = 90ms, .run = 10ms}, 18, 22},
        named_load{"one_server", {.servers = 1}, 1, 4},
        named_load{"twenty_servers", {.servers = 20}, 19, 25},
        named_load{"twenty_uneven_servers", {.servers = 20, .exponential = true}, 18, 40},
        named_load{"hundred_servers", {.servers = 100}, 95, 128},
        named_load{"slow_server", {.servers = 7, .service = 1s}, 7, 9},
        named_load{"cpu_and_few_servers", {.servers = 4, .service = 50ms, .run = 1ms}, 4, 6},
        named_load{"no_bound", {}, 1024, 1024}),
    [](const auto& param) { return param.param.name; });

// Within 10 % of the best fixed number, and with no more in progress than that needs, on average.
TEST_P(AdaptiveControllerFinds, WhatIsBest) {
    const auto& [name, what, fewest, most] = GetParam();
    const duration warm_up = 300 * (what.service + what.run);
    adaptive_controller control({.cpus = static_cast<double>(what.cpus)});
    world here(what);
    here.run(warm_up, control);
    std::size_t calls = 0;
    std::size_t limits = 0;
    const double reached = here.run(
        warm_up, [&] { return control.limit(); }, [&](time_point t) { control.begun(t); },
        [&](time_point began, time_point t, const call_sample& s) {
            control.ended(began, t, s);
            ++calls;
            limits += control.limit();
        });
    EXPECT_GE(reached, 0.9 * best_fixed(what, warm_up)) << told(control);
    EXPECT_GE(limits, calls * fewest) << told(control);
    EXPECT_LE(limits, calls * (most + most / 4)) << told(control);  // it tries more now and then
}

// From the first call on, for lists that are not long.
TEST(AdaptiveController, GrowsFast) {
    adaptive_controller control({.start = 1});
    world here({.servers = 64});
    here.run(10ms * 12, control);
    EXPECT_GE(control.limit(), 60U) << told(control);
}

TEST(AdaptiveController, FollowsAServerThatBecomesSlower) {
    world here({.servers = 40});
    adaptive_controller control({});
    here.run(5s, control);
    here.server().serve_at_a_time(10);
    here.run(20s, control);
    EXPECT_GE(control.limit(), 9U) << told(control);
    EXPECT_LE(control.limit(), 18U) << told(control);
}

TEST(AdaptiveController, FollowsAServerThatBecomesFaster) {
    world here({.servers = 10});
    adaptive_controller control({});
    here.run(5s, control);
    here.server().serve_at_a_time(80);
    here.run(60s, control);
    EXPECT_GE(control.limit(), 70U) << told(control);
}

// Each call takes longer, but there is no queue: fewer at a time would only do less.
TEST(AdaptiveController, KeepsTheLimitWhenTheCallsBecomeLonger) {
    world here({.servers = 40});
    adaptive_controller control({});
    here.run(5s, control);
    here.what().service = 40ms;
    const double reached = (here.run(20s, control), here.run(20s, control));
    EXPECT_GE(reached, 0.9 * 40 / 0.040) << told(control);
}

TEST(AdaptiveController, CutsBackWhenCallsFailByOverload) {
    world here({.fails_above = 50});
    adaptive_controller control({});
    here.run(5s, control);
    EXPECT_LE(control.limit(), 64U) << told(control);
    EXPECT_GE(control.limit(), 25U) << told(control);
    const auto& all = control.decisions();
    EXPECT_TRUE(std::ranges::any_of(all, [](const auto& d) {
        return d.reason == adaptive_reason::overloaded;
    })) << told(control);
}

// A controller that raises the limit while throughput rises, and lowers it when it falls, was seen
// to stay at a sixteenth of what was right after one burst of foreign work.
TEST(AdaptiveController, DoesNotLearnFromABurstOfStrangers) {
    const load what{.service = 90ms, .run = 10ms};
    world here(what);
    adaptive_controller control({.cpus = 2});
    here.run(1s, control);
    for (int i = 0; i < 60; ++i) here.cpus().serve(here.now(), 200ms);  // strangers, for 6 s
    here.run(6s, control);
    const double reached = here.run(10s, control);
    EXPECT_GE(reached, 0.9 * best_fixed(what, 10s)) << told(control);
}

TEST(AdaptiveController, StaysWhereItIsWhileFewCallsCome) {
    world here({.servers = 20});
    adaptive_controller control({});
    here.run(5s, control);
    const std::size_t before = control.limit();
    here.run(
        60s, [] { return std::size_t{1}; }, [&](time_point t) { control.begun(t); },
        [&](time_point began, time_point t, const call_sample& s) { control.ended(began, t, s); });
    EXPECT_EQ(control.limit(), before) << told(control);
}

TEST(AdaptiveController, UnmeasuredCallsCountOnlyWhileTheyAreInProgress) {
    adaptive_controller control({});
    const time_point t{};
    for (int i = 0; i < 1000; ++i) {
        control.begun(t + i * 1ms);
        EXPECT_EQ(control.in_progress(), 1U);
        control.ended_unmeasured(t + i * 1ms, t + i * 1ms);
    }
    EXPECT_EQ(control.in_progress(), 0U);
    EXPECT_EQ(control.decisions().size(), 1U);
}

// The calls that an epoch is judged by are the first that begin in it. They may all end in ways
// that say nothing: the others are listened to then.
class AdaptiveControllerLearns : public testing::Test {
protected:
    adaptive_controller control{{.start = 4}};
    world here{{.servers = 64}};
    const time_point first = here.now();

    void begin_two() {
        for (int i = 0; i < 2; ++i) control.begun(first);
        here.run(1ms, std::size_t{1});  // time passes
    }
    void expect_to_learn() {
        here.run(2s, control);
        EXPECT_GE(control.limit(), 60U) << told(control);
    }
};

TEST_F(AdaptiveControllerLearns, AfterTheFirstCallsWereCancelled) {
    begin_two();
    for (int i = 0; i < 2; ++i) control.ended_unmeasured(first, here.now());
    expect_to_learn();
}

TEST_F(AdaptiveControllerLearns, AfterTheFirstCallsWereOverloaded) {
    begin_two();
    for (int i = 0; i < 2; ++i) control.ended(first, here.now(), call_sample{.overloaded = true});
    expect_to_learn();
}

TEST_F(AdaptiveControllerLearns, WhileTheFirstCallsNeverEnd) {
    begin_two();
    expect_to_learn();
}

TEST_F(AdaptiveControllerLearns, WhileACallInTenIsCancelled) {
    std::size_t calls = 0;
    here.run(
        5s, [&] { return control.limit(); }, [&](time_point t) { control.begun(t); },
        [&](time_point began, time_point t, const call_sample& s) {
            if (++calls % 10 == 0)
                control.ended_unmeasured(began, t);
            else
                control.ended(began, t, s);
        });
    EXPECT_GE(control.limit(), 60U) << told(control);
}

// Where all calls of an epoch are overloaded, nothing is known of how fast the others would be.
TEST(AdaptiveController, CutByAnEpochOfFailuresIsNoReasonForAnother) {
    world here({.servers = 40});
    adaptive_controller control({});
    here.run(5s, control);
    const std::size_t before = control.limit();
    here.what().fails_above = 0;
    // The first cut comes with the first failure; before the second one there are no others.
    const std::size_t decided = control.decisions().size();
    while (control.decisions().size() < decided + 2) here.run(1ms, control);
    here.what().fails_above = SIZE_MAX;
    ASSERT_EQ(control.decisions().back().reason, adaptive_reason::overloaded);
    EXPECT_EQ(control.decisions().back().throughput, 0);
    EXPECT_LT(control.limit(), before);
    const std::size_t since = control.decisions().size();
    here.run(5s, control);
    ASSERT_GT(control.decisions().size(), since) << told(control);
    EXPECT_EQ(control.decisions()[since].reason, adaptive_reason::trying) << told(control);
    for (const auto& d : control.decisions()) EXPECT_LT(d.throughput, 1e6) << told(control);
}

TEST(AdaptiveController, KeepsItsBounds) {
    world free({});
    adaptive_controller most({.most = 10});
    free.run(5s, most);
    EXPECT_EQ(most.limit(), 10U);
    world tight({.servers = 1});
    adaptive_controller least({.start = 5, .least = 5});
    tight.run(5s, least);
    EXPECT_GE(least.limit(), 5U);
    EXPECT_LE(least.limit(), 8U) << told(least);
}

TEST(AdaptiveController, TellsTheLatestDecisions) {
    world here({.servers = 20, .exponential = true});
    adaptive_controller control({});
    here.run(1h, control);
    const auto& all = control.decisions();
    EXPECT_LE(all.size(), adaptive_controller::most_kept_decisions);
    EXPECT_EQ(all.back().limit, control.limit());
    EXPECT_TRUE(std::ranges::is_sorted(all, {}, &twill::adaptive_decision::at));
    EXPECT_GT(all.back().throughput, 0);
}

TEST(AdaptiveController, RefusesBoundsThatContradict) {
    EXPECT_THROW(adaptive_controller({.start = 0}), twill::usage_error);
    EXPECT_THROW(adaptive_controller({.least = 0}), twill::usage_error);
    EXPECT_THROW(adaptive_controller({.start = 5, .most = 4}), twill::usage_error);
    EXPECT_THROW(adaptive_controller({.start = 1, .least = 2}), twill::usage_error);
    EXPECT_THROW(adaptive_controller({.cpus = 0}), twill::usage_error);
    EXPECT_THROW(adaptive_controller({.cpus = std::nan("")}), twill::usage_error);
}

// The typical call of such a list computes, or waits; neither says how many keep both busy.
TEST(AdaptiveController, CallsThatComputeAndCallsThatWaitRunSideBySide) {
    world mixed({.service = 0ns, .run = 20ms});
    adaptive_controller control({.start = 2, .cpus = 2});
    bool computes = false;
    mixed.run(
        3s, [&] { return control.limit(); },
        [&](time_point t) {
            computes = !computes;
            mixed.what().run = computes ? 20ms : 1ms;
            mixed.what().service = computes ? 0ms : 150ms;
            control.begun(t);
        },
        [&](time_point began, time_point t, const call_sample& s) { control.ended(began, t, s); });
    // On average 10.5 ms on a CPU and 75 ms blocked: 16 keep two CPUs busy, and some to spare.
    EXPECT_GE(control.limit(), 16U) << told(control);
    EXPECT_LE(control.limit(), 40U) << told(control);
}

}  // namespace
