// `twill map --report`, and the rows of --timeline.
#include "twill/map/run_report.hpp"
#include "twill/map/job_chart.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;
using twill_command::job_chart;
using twill_command::run_report;
using twill_command::stretch;

constexpr twill::time_point start{100s};

twill::call_sample sample(twill::duration run, twill::duration queued, twill::duration blocked) {
    return {.run = run, .queued = queued, .blocked = blocked, .cpu = run};
}

TEST(run_report, jobs_that_fill_their_slots_lose_nothing) {
    run_report report(2);
    // Two at a time, of a second each on a CPU of its own, ten times.
    for (int round = 0; round < 10; ++round) {
        const auto began = start + round * 1s;
        report.started(began, 0s, 1, 2);
        report.started(began, 0s, 2, 2);
        report.ended(began + 1s, 1, sample(1s, 0s, 0s));
        report.ended(began + 1s, 2, sample(1s, 0s, 0s));
    }
    const auto all = report.sum_up();
    EXPECT_EQ(all.jobs, 20U);
    EXPECT_DOUBLE_EQ(all.seconds, 10);
    EXPECT_DOUBLE_EQ(all.one_by_one, 20);
    EXPECT_DOUBLE_EQ(all.actual, 2);
    EXPECT_DOUBLE_EQ(all.predicted, 2);
    for (const double lost :
         {all.lost.queue, all.lost.growth, all.lost.start, all.lost.unfilled, all.lost.tail})
        EXPECT_NEAR(lost, 0, 1e-9);
}

TEST(run_report, jobs_that_were_not_measured_are_taken_for_what_the_others_were) {
    run_report report(2);
    report.started(start, 0s, 1, 1);
    report.ended_unmeasured(start + 3s, 2);
    report.started(start + 3s, 0s, 1, 1);
    report.ended(start + 4s, 1, sample(1s, 0s, 0s), 1);
    report.started(start + 4s, 0s, 1, 1);
    report.ended_unmeasured(start + 5s);
    const auto all = report.sum_up();
    EXPECT_EQ(all.jobs, 3U);
    EXPECT_DOUBLE_EQ(all.one_by_one, 3);
}

TEST(run_report, time_that_all_were_stopped_is_left_out) {
    run_report report(1);
    report.started(start, 0s, 1, 1);
    report.note_stopped(start + 1s, start + 9s);
    report.ended(start + 10s, 1, sample(2s, 0s, 0s));
    const auto all = report.sum_up();
    EXPECT_DOUBLE_EQ(all.seconds, 2);
    EXPECT_DOUBLE_EQ(all.actual, 1);
    EXPECT_NEAR(all.lost.unfilled, 0, 1e-9);
}

TEST(run_report, waiting_for_a_cpu_is_no_gain) {
    run_report report(1);
    report.started(start, 0s, 1, 2);
    report.started(start, 0s, 2, 2);
    report.ended(start + 2s, 1, sample(1s, 1s, 0s));
    report.ended(start + 2s, 2, sample(1s, 1s, 0s));
    const auto all = report.sum_up();
    EXPECT_DOUBLE_EQ(all.actual, 1);
    EXPECT_DOUBLE_EQ(all.predicted, 1) << "there is one CPU";
    EXPECT_DOUBLE_EQ(all.lost.queue, 0.5);
}

TEST(run_report, jobs_blocked_longer_beside_many_have_waited_for_each_other) {
    run_report report(4);
    auto now = start;
    for (int i = 0; i < 4; ++i) {
        report.started(now, 0s, 1, 1);
        now += 1s;
        report.ended(now, 1, sample(0s, 0s, 1s));
    }
    for (std::size_t i = 1; i <= 4; ++i) report.started(now, 0s, i, 4);
    for (int i = 0; i < 4; ++i) report.ended(now + 4s, 4, sample(0s, 0s, 4s));
    const auto all = report.sum_up();
    EXPECT_DOUBLE_EQ(all.one_by_one, 8) << "a second each";
    EXPECT_DOUBLE_EQ(all.lost.growth, 12.0 / 32);
    EXPECT_DOUBLE_EQ(all.lost.unfilled, 12.0 / 32) << "one at a time for four seconds";
}

TEST(run_report, last_jobs_leave_slots_empty) {
    run_report report(4);
    report.started(start, 0s, 1, 2);
    report.started(start, 0s, 2, 2);
    report.ended(start + 1s, 1, sample(0s, 0s, 1s));
    report.ended(start + 5s, 2, sample(0s, 0s, 5s));
    EXPECT_DOUBLE_EQ(report.sum_up().lost.tail, 0.4);
    EXPECT_EQ(report.lines().size(), 3U);
}

TEST(run_report, nothing_measured_is_said) { EXPECT_EQ(run_report(2).lines().size(), 1U); }

TEST(job_chart, slots_are_taken_from_the_lowest) {
    job_chart chart;
    EXPECT_EQ(chart.take_slot(), 0U);
    EXPECT_EQ(chart.take_slot(), 1U);
    chart.give_back(0);
    EXPECT_EQ(chart.take_slot(), 0U);
    EXPECT_EQ(chart.take_slot(), 2U);
}

TEST(job_chart, of_very_many_jobs_neighbours_become_one_and_no_time_is_lost) {
    job_chart chart(100);
    for (int i = 0; i < 100'000; ++i) {
        const auto from = start + i * 1ms;
        chart.add(static_cast<std::size_t>(i % 3), {.from = from,
                                                    .to = from + 3ms,
                                                    .run = 1ms,
                                                    .queued = 500us,
                                                    .blocked = 1500us,
                                                    .label = std::to_string(i),
                                                    .failed = i % 10 == 0 ? 1U : 0U});
        ASSERT_LE(chart.size(), 100U);
    }
    stretch sum;
    sum.jobs = 0;
    for (const auto& row : chart.rows())
        for (const auto& each : row) {
            sum.run += each.run;
            sum.queued += each.queued;
            sum.blocked += each.blocked;
            sum.jobs += each.jobs;
            sum.failed += each.failed;
            EXPECT_LT(each.from, each.to);
        }
    EXPECT_EQ(sum.jobs, 100'000U);
    EXPECT_EQ(sum.failed, 10'000U);
    EXPECT_EQ(sum.run, 100s);
    EXPECT_EQ(sum.queued, 50s);
    EXPECT_EQ(sum.blocked, 150s);
}

}  // namespace
