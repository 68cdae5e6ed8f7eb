// How many jobs `twill map` runs at a time, on a simulated machine: for each kind of list, the time
// that it takes is compared with that of the best fixed number.
#include "twill/map/job_limit.hpp"

#include "tools/simulated_machine.hpp"

#include <twill/core/random.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <ostream>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill_command::correlation;
using twill_command::cpu_demand;
using twill_command::cpu_manners;
using twill_command::job_limit;
using twill_command::scheduled_time;
using kind = simulated_phase::kind;

constexpr simulated_phase run(double length, unsigned threads = 1) {
    return {kind::run, length, threads};
}
constexpr simulated_phase wait(double length) { return {kind::wait, length}; }
constexpr simulated_phase ask(double length) { return {kind::ask, length}; }

// From half to one and a half of it.
double about(double length, twill::random_source& dice) { return length * (0.5 + dice.unit()); }

simulated_list repeated(std::size_t count,
                        const std::function<simulated_job(twill::random_source&)>& one,
                        std::size_t servers = 0) {
    twill::random_source dice(1);
    simulated_list list{.jobs = {}, .servers = servers};
    for (std::size_t i = 0; i < count; ++i) list.jobs.push_back(one(dice));
    return list;
}

struct shape {
    const char* name;
    simulated_list list;
    double bound = 1.10;  // over the best fixed number
};
void PrintTo(const shape& what, std::ostream* out) { *out << what.name; }

std::vector<shape> all_shapes() {
    using dice = twill::random_source&;
    return {
        {"cpu", repeated(50, [](dice d) { return simulated_job{run(about(30, d))}; })},
        {"memory",
         repeated(60, [](dice d) { return simulated_job{{kind::memory, about(20, d)}}; })},
        {"sleep", repeated(600, [](dice d) { return simulated_job{wait(about(100, d))}; })},
        {"disk", repeated(
                     400, [](dice) { return simulated_job{ask(0.8), run(0.2)}; }, 2)},
        {"rate_limited_server", repeated(
                                    150, [](dice) { return simulated_job{ask(5)}; }, 1)},
        {"server_with_capacity_4", repeated(
                                       150, [](dice) { return simulated_job{ask(20)}; }, 4)},
        {"tiny_jobs", repeated(800, [](dice) { return simulated_job{}; })},
        {"heavy_tails", repeated(800,
                                 [](dice d) {
                                     const double length = 10 * std::pow(1 - d.unit(), -1 / 1.2);
                                     return simulated_job{wait(std::min(length, 400.0))};
                                 })},
        {"cpu_and_sleep", repeated(150,
                                   [](dice d) {
                                       return d.below(2) == 0 ? simulated_job{run(about(20, d))}
                                                              : simulated_job{wait(about(150, d))};
                                   })},
        {"two_threads", repeated(50, [](dice d) { return simulated_job{run(about(15, d), 2)}; })},
    };
}

class job_limit_auto : public testing::TestWithParam<shape> {};

INSTANTIATE_TEST_SUITE_P(lists, job_limit_auto, testing::ValuesIn(all_shapes()),
                         [](const auto& param) { return param.param.name; });

double best_fixed(const simulated_list& list, bool bursts) {
    double best = simulated_machine(list, bursts).run(1);
    for (const std::size_t jobs :
         {2U, 3U, 4U, 6U, 8U, 12U, 16U, 24U, 32U, 48U, 64U, 96U, 128U, 192U, 256U})
        best = std::min(best, simulated_machine(list, bursts).run(jobs));
    return best;
}

TEST_P(job_limit_auto, is_near_the_best_fixed_number) {
    const shape& what = GetParam();
    EXPECT_LE(simulated_machine(what.list, false).run(), what.bound * best_fixed(what.list, false));
}

TEST_P(job_limit_auto, is_near_the_best_fixed_number_beside_a_stranger) {
    const shape& what = GetParam();
    EXPECT_LE(simulated_machine(what.list, true).run(), what.bound * best_fixed(what.list, true));
}

twill::time_point at(twill::duration since) { return twill::time_point{} + since; }

// A job that ran for so long, and has waited since.
cpu_demand::senses rests_after(twill::duration ran) {
    return {.times = [ran](pid_t) { return scheduled_time{ran, 0ms}; },
            .wants_now = [](pid_t) { return false; }};
}

// Two that compute, and one more would be started for those that are stopped.
TEST(job_limit, jobs_that_are_stopped_for_a_while_are_not_taken_for_blocked) {
    scheduled_time seen{};
    job_limit limit(2, 1024, at(0s), cpu_manners::fair,
                    {.of_jobs = {.times = [&](pid_t) { return seen; },
                                 .wants_now = [](pid_t) { return false; }},
                     .runnable_threads = [] { return 0.0; }});
    limit.started(1, at(0s));
    limit.started(2, at(0s));
    seen.run = 20ms;
    EXPECT_FALSE(limit.has_room(at(20ms), std::nullopt));
    limit.note_stopped(at(20ms), at(10s));
    seen.run = 40ms;
    EXPECT_FALSE(limit.has_room(at(10s + 20ms), std::nullopt));
    EXPECT_EQ(limit.next_look(), at(10s + 60ms)) << "twice as old as it is without that time";
}

// A list whose jobs leave the work to children, of which the kernel tells nothing while they run.
TEST(job_limit, starts_no_more_than_there_are_cpus_while_unknown_work_fills_them) {
    job_limit limit(2, 1024, at(0s), cpu_manners::fair,
                    {.of_jobs = rests_after(1ms), .runnable_threads = [] { return 2.0; }});
    for (int ms = 0; ms < 1000; ++ms)
        if (limit.has_room(at(ms * 1ms), std::nullopt)) limit.started(1 + ms, at(ms * 1ms));
    EXPECT_EQ(limit.now(), 2U);
}

TEST(job_limit, sees_jobs_that_wait_before_the_first_has_ended) {
    job_limit limit(2, 1024, at(0s), cpu_manners::fair,
                    {.of_jobs = rests_after(1ms), .runnable_threads = [] { return 0.0; }});
    int started = 0;
    for (int ms = 0; ms < 500; ++ms)
        while (limit.has_room(at(ms * 1ms), std::nullopt)) limit.started(++started, at(ms * 1ms));
    EXPECT_EQ(started, 256) << "what they wait for may have less room";
}

TEST(job_limit, listens_to_jobs_that_end_after_so_many_starts_in_a_row) {
    job_limit measured(2, 1024, at(0s), cpu_manners::fair,
                       {.of_jobs = rests_after(1ms), .runnable_threads = [] { return 0.0; }});
    job_limit fixed(20);
    const auto start_until_it_listens = [](job_limit& of, int first) {
        for (int started = 0; started < 20; ++started) {
            if (of.should_listen()) return started;
            of.started(first + started, at(0s));
        }
        return 20;
    };
    EXPECT_EQ(start_until_it_listens(fixed, 1), 20) << "the number alone bounds them";
    EXPECT_EQ(start_until_it_listens(measured, 1), 8);
    EXPECT_EQ(start_until_it_listens(measured, 100), 8) << "once for so many";
    measured.started(200, at(0s));
    measured.ended_unmeasured(1, at(0s), at(1ms));
    EXPECT_EQ(start_until_it_listens(measured, 300), 8) << "it has heard of one";
}

TEST(job_limit, tiny_jobs_are_more_than_there_are_cpus) {
    job_limit limit(2, 1024, at(0s), cpu_manners::fair,
                    {.of_jobs = rests_after(0ms), .runnable_threads = [] { return 0.0; }});
    auto now = at(0s);
    const twill::call_sample tiny{.run = 300us, .cpu = 300us};
    for (int job = 1; job <= 8; ++job) {
        limit.started(job, now);
        limit.ended(job, now, now + 300us, tiny);
        now += 300us;
    }
    int started = 0;
    while (limit.has_room(now, std::nullopt)) limit.started(100 + ++started, now);
    EXPECT_EQ(started, 8) << "the next is there when one ends";
}

TEST(job_limit, end_of_a_job_that_was_not_measured_stops_the_first_growth) {
    job_limit limit(2, 1024, at(0s), cpu_manners::fair,
                    {.of_jobs = rests_after(1ms), .runnable_threads = [] { return 0.0; }});
    int started = 0;
    const auto start_all = [&](twill::time_point now) {
        while (limit.has_room(now, std::nullopt)) limit.started(++started, now);
    };
    int ms = 0;
    while (started < 64 && ms < 500) start_all(at(++ms * 1ms));
    ASSERT_EQ(started, 64);
    limit.ended_unmeasured(1, at(0s), at(++ms * 1ms));
    while (ms < 1000) start_all(at(++ms * 1ms));
    EXPECT_LE(started, 96 + 1) << "the bound was raised once";
}

TEST(job_limit, process_that_stays_is_charged_with_what_it_did_since) {
    scheduled_time told{1s, 0ms};
    job_limit limit(2, 1024, at(0s), cpu_manners::fair,
                    {.of_jobs = {.times = [&](pid_t) { return told; },
                                 .wants_now = [](pid_t) { return false; }},
                     .runnable_threads = [] { return 0.0; }});
    limit.started(1, at(0s), told);
    limit.started(2, at(0s), told);
    EXPECT_TRUE(limit.has_room(at(2ms), std::nullopt)) << "they did nothing since";
}

TEST(job_limit, polite_takes_what_the_others_leave) {
    double others = 1;
    int started = 0;
    job_limit limit(2, 1024, at(0s), cpu_manners::polite,
                    {.of_jobs = {.times = [](pid_t) { return scheduled_time{}; },
                                 .wants_now = [](pid_t) { return true; }},
                     .runnable_threads = [&] { return others + started; }});
    const auto start_all = [&](twill::time_point now) {
        while (limit.has_room(now, std::nullopt)) limit.started(++started, now);
    };
    start_all(at(0s));
    EXPECT_EQ(started, 1);
    others = 0;
    start_all(limit.next_look());
    EXPECT_EQ(started, 2) << "the other has gone";
}

TEST(job_limit, greedy_is_faster_and_polite_slower_beside_a_stranger) {
    const auto list =
        repeated(50, [](twill::random_source& d) { return simulated_job{run(about(30, d))}; });
    const auto with = [&](cpu_manners manners) {
        return simulated_machine(list, true).run(std::nullopt, manners);
    };
    EXPECT_LT(with(cpu_manners::greedy), with(cpu_manners::fair));
    EXPECT_GT(with(cpu_manners::polite), with(cpu_manners::fair));
}

TEST(job_limit, keeps_a_fixed_number) {
    job_limit limit(3);
    int started = 0;
    while (limit.has_room(at(0s), std::nullopt)) limit.started(++started, at(0s));
    EXPECT_EQ(started, 3);
    limit.ended_unmeasured(1, at(0s), at(1s));
    EXPECT_TRUE(limit.has_room(at(1s), std::nullopt));
    EXPECT_EQ(limit.next_look(), twill::never);
}

cpu_demand::senses senses_of(const scheduled_time& now) {
    return {.times = [&now](pid_t) { return now; }, .wants_now = [](pid_t) { return false; }};
}

TEST(cpu_demand, is_what_the_jobs_did_since_the_look_before) {
    scheduled_time first{};
    cpu_demand demand(2, senses_of(first));
    demand.started(1, at(0ms));
    EXPECT_EQ(demand.wanted(), 1) << "nothing is known of it";
    first = {1500us, 500us};
    demand.look(at(2ms));
    EXPECT_NEAR(demand.wanted(), 1, 1e-6) << "it ran, or waited for a CPU, all of the time";
    demand.look(demand.next_look());
    EXPECT_NEAR(demand.wanted(), 0, 1e-6) << "it did nothing since then";
    demand.ended(1, at(10ms), std::nullopt);
    EXPECT_EQ(demand.next_look(), twill::never);
}

TEST(cpu_demand, short_jobs_are_looked_at_only_if_they_live_for_longer) {
    cpu_demand demand(2, rests_after(0ms));
    demand.started(1, at(0ms));
    EXPECT_EQ(demand.next_look(), at(2ms));
    demand.ended(1, at(3ms), twill::call_sample{.run = 1ms, .cpu = 1ms});
    demand.started(2, at(10ms));
    EXPECT_EQ(demand.next_look(), at(16ms));
    demand.ended(2, at(1s), twill::call_sample{.run = 1ms, .cpu = 1ms});
    demand.started(3, at(2s));
    EXPECT_EQ(demand.next_look(), at(2s + 2ms));
}

// The kernel counts the time in which a thread waits for a CPU when it gets one.
TEST(cpu_demand, counts_jobs_that_have_waited_for_a_cpu_all_the_time) {
    cpu_demand demand(2, {.times = [](pid_t) { return scheduled_time{}; },
                          .wants_now = [](pid_t) { return true; }});
    for (int job = 1; job <= 3; ++job) demand.started(job, at(0ms));
    demand.look(at(2ms));
    demand.look(at(4ms));
    EXPECT_EQ(demand.wanted(), 3);
    EXPECT_TRUE(demand.has_strangers(at(4ms)));
}

TEST(cpu_demand, knows_strangers_by_the_waiting_of_as_many_as_there_are_cpus) {
    scheduled_time seen{};
    cpu_demand demand(2, senses_of(seen));
    demand.started(1, at(0ms));
    demand.started(2, at(0ms));
    seen = {2ms, 0ms};
    demand.look(at(2ms));
    EXPECT_FALSE(demand.has_strangers(at(2ms)));
    seen = {3ms, 1ms};
    demand.look(at(4ms));
    EXPECT_TRUE(demand.has_strangers(at(4ms)));
    EXPECT_FALSE(demand.has_strangers(at(1s))) << "they have gone";
}

TEST(cpu_demand, knows_jobs_whose_children_compute) {
    cpu_demand demand(2, rests_after(0ms));
    for (int job = 1; job <= 40; ++job) {
        demand.started(job, at(job * 100ms));
        demand.ended(job, at(job * 100ms + 100ms), twill::call_sample{.run = 1ms, .cpu = 100ms});
    }
    demand.started(41, at(10s));
    demand.look(at(11s));
    EXPECT_NEAR(demand.wanted(), 1, 0.01);
}

TEST(correlation, tells_growth_from_chance) {
    correlation grows;
    correlation falls;
    correlation none;
    for (int i = 0; i < 10; ++i) {
        grows.add(i, 3 * i + 1);
        falls.add(i, -i);
        none.add(i, 7);
    }
    EXPECT_NEAR(grows.value(), 1, 1e-9);
    EXPECT_NEAR(falls.value(), -1, 1e-9);
    EXPECT_EQ(none.value(), 0);
}

}  // namespace
