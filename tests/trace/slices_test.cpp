#include <twill/trace/slices.hpp>

#include <gtest/gtest.h>

#include "made_snapshot.hpp"

namespace {

using made::at;
using made::event;
using twill::event_kind;
using twill::trace::make_slices;
using twill::trace::slice;
using twill::trace::slice_kind;

void expect_slice(const slice& one, slice_kind kind, long from, long to, unsigned depth) {
    EXPECT_EQ(one.kind, kind);
    EXPECT_EQ(one.from, at(from));
    EXPECT_EQ(one.to, at(to));
    EXPECT_EQ(one.depth, depth);
}

TEST(slices, empty_snapshot_has_none) {
    EXPECT_TRUE(make_slices({}).on_threads.empty());
    EXPECT_TRUE(make_slices(made::snapshot({{}, {}})).on_threads.empty());
}

TEST(slices, task_is_named_by_where_it_was_spawned_and_says_why_it_stopped) {
    const auto set = make_slices(made::snapshot({
        {event(10, event_kind::task_spawn, 1, "/src/app/server.cpp", 42)},
        {event(20, event_kind::task_resume, 1), event(30, event_kind::task_suspend, 1, "recv"),
         event(40, event_kind::task_resume, 1), event(50, event_kind::task_end, 1, "", 1)},
    }));
    ASSERT_EQ(set.on_threads.size(), 2U);
    expect_slice(set.on_threads[0], slice_kind::task, 20, 30, 0);
    EXPECT_EQ(set.on_threads[0].name(), "server.cpp:42");
    EXPECT_STREQ(set.on_threads[0].ending, "recv");
    EXPECT_FALSE(set.on_threads[0].failed);
    EXPECT_TRUE(set.on_threads[1].failed);
    ASSERT_EQ(set.flows.size(), 1U);
    EXPECT_EQ(set.flows[0].from, at(10));
    EXPECT_EQ(set.flows[0].to, at(20));
    EXPECT_EQ(set.flows[0].from_thread, 0U);
    EXPECT_EQ(set.flows[0].to_thread, 1U);
}

TEST(slices, reused_address_gets_the_name_of_its_latest_task) {
    const auto set = make_slices(made::snapshot({{
        event(1, event_kind::task_spawn, 1, "a.cpp", 1),
        event(2, event_kind::task_resume, 1),
        event(3, event_kind::task_end, 1),
        event(4, event_kind::task_spawn, 1, "b.cpp", 2),
        event(5, event_kind::task_resume, 1),
        event(6, event_kind::task_end, 1),
    }}));
    ASSERT_EQ(set.on_threads.size(), 2U);
    EXPECT_EQ(set.on_threads[0].name(), "a.cpp:1");
    EXPECT_EQ(set.on_threads[1].name(), "b.cpp:2");
}

TEST(slices, nest) {
    const auto set = make_slices(made::snapshot({{
        event(10, event_kind::region_begin, 1, "sum.cpp", 7),
        event(20, event_kind::job_begin, 2),
        event(30, event_kind::job_end, 2),
        event(40, event_kind::region_end, 1),
    }}));
    ASSERT_EQ(set.on_threads.size(), 2U);
    expect_slice(set.on_threads[0], slice_kind::job, 20, 30, 1);
    expect_slice(set.on_threads[1], slice_kind::region, 10, 40, 0);
    EXPECT_EQ(set.on_threads[1].name(), "sum.cpp:7");
}

TEST(slices, end_without_a_beginning_began_before_the_record) {
    const auto all_kept = make_slices(made::snapshot({{event(30, event_kind::unpark)}}));
    ASSERT_EQ(all_kept.on_threads.size(), 1U);
    expect_slice(all_kept.on_threads[0], slice_kind::park, 0, 30, 0);

    auto overwritten =
        made::snapshot({{event(500, event_kind::job_begin, 2), event(600, event_kind::job_end, 2),
                         event(700, event_kind::region_end, 1)}});
    overwritten.threads[0].lost = 9;
    const auto set = make_slices(overwritten);
    ASSERT_EQ(set.on_threads.size(), 2U);
    expect_slice(set.on_threads[1], slice_kind::region, 500, 700, 0);
}

TEST(slices, later_end_without_a_beginning_is_left_out) {
    const auto set = make_slices(made::snapshot({{
        event(10, event_kind::task_resume, 1),
        event(20, event_kind::task_suspend, 1),
        event(30, event_kind::task_end, 1),
        event(40, event_kind::job_end, 5),
        event(50, event_kind::span_end, 6),
    }}));
    ASSERT_EQ(set.on_threads.size(), 2U);
    expect_slice(set.on_threads[0], slice_kind::task, 10, 20, 0);
    EXPECT_EQ(set.on_threads[1].kind, slice_kind::job);
    EXPECT_TRUE(set.crossing.empty());
}

TEST(slices, beginning_without_an_end_lasts_until_the_snapshot) {
    const auto set =
        make_slices(made::snapshot({{event(10, event_kind::task_resume, 1),
                                     event(20, event_kind::blocking_begin, 2, "read")}}));
    ASSERT_EQ(set.on_threads.size(), 2U);
    expect_slice(set.on_threads[0], slice_kind::blocking, 20, 1000, 1);
    EXPECT_EQ(set.on_threads[0].name(), "read");
    expect_slice(set.on_threads[1], slice_kind::task, 10, 1000, 0);
}

TEST(slices, outer_end_closes_what_lost_its_own) {
    const auto set = make_slices(made::snapshot({{
        event(10, event_kind::task_resume, 1),
        event(20, event_kind::poll_begin),
        event(30, event_kind::task_suspend, 1),
        event(40, event_kind::poll_begin),
        event(50, event_kind::poll_end, 0, "", 3),
    }}));
    ASSERT_EQ(set.on_threads.size(), 3U);
    expect_slice(set.on_threads[0], slice_kind::poll, 20, 30, 1);
    expect_slice(set.on_threads[1], slice_kind::task, 10, 30, 0);
    expect_slice(set.on_threads[2], slice_kind::poll, 40, 50, 0);
    EXPECT_EQ(set.on_threads[2].value, 3U);
}

TEST(slices, span_within_a_resumption_stays_on_its_thread) {
    const auto set = make_slices(made::snapshot({{
        event(10, event_kind::task_resume, 1),
        event(20, event_kind::span_begin, 8, "parse"),
        event(30, event_kind::span_end, 8),
        event(40, event_kind::task_suspend, 1),
    }}));
    ASSERT_EQ(set.on_threads.size(), 2U);
    expect_slice(set.on_threads[0], slice_kind::span, 20, 30, 1);
    EXPECT_EQ(set.on_threads[0].name(), "parse");
    EXPECT_TRUE(set.crossing.empty());
}

TEST(slices, span_across_a_suspension_crosses_and_leaves_the_task_whole) {
    const auto set = make_slices(made::snapshot({
        {event(10, event_kind::task_resume, 1), event(20, event_kind::span_begin, 8, "request"),
         event(30, event_kind::task_suspend, 1)},
        {event(50, event_kind::task_resume, 1), event(60, event_kind::span_end, 8),
         event(70, event_kind::task_end, 1)},
    }));
    ASSERT_EQ(set.on_threads.size(), 2U);
    expect_slice(set.on_threads[0], slice_kind::task, 10, 30, 0);
    expect_slice(set.on_threads[1], slice_kind::task, 50, 70, 0);
    ASSERT_EQ(set.crossing.size(), 1U);
    EXPECT_EQ(set.crossing[0].from, at(20));
    EXPECT_EQ(set.crossing[0].to, at(60));
    EXPECT_EQ(set.crossing[0].name(), "request");
}

TEST(slices, span_ended_by_another_thread_crosses) {
    const auto set = make_slices(made::snapshot(
        {{event(10, event_kind::span_begin, 8, "s")}, {event(60, event_kind::span_end, 8)}}));
    EXPECT_TRUE(set.on_threads.empty());
    ASSERT_EQ(set.crossing.size(), 1U);
    EXPECT_EQ(set.crossing[0].to, at(60));
}

TEST(slices, overlapping_spans_of_one_thread_do_not_tear_each_other) {
    const auto set = make_slices(made::snapshot({{
        event(10, event_kind::span_begin, 8, "a"),
        event(20, event_kind::span_begin, 9, "b"),
        event(30, event_kind::span_end, 8),
        event(40, event_kind::span_end, 9),
    }}));
    ASSERT_EQ(set.crossing.size(), 1U);
    EXPECT_EQ(set.crossing[0].name(), "a");
    ASSERT_EQ(set.on_threads.size(), 1U);
    expect_slice(set.on_threads[0], slice_kind::span, 20, 40, 0);
}

TEST(slices, promoted_job_flows_to_the_thread_that_takes_it) {
    const auto set = make_slices(made::snapshot({
        {event(10, event_kind::promote, 5)},
        {event(20, event_kind::steal, 5), event(25, event_kind::job_begin, 5),
         event(30, event_kind::job_end, 5), event(40, event_kind::job_begin, 5)},
    }));
    EXPECT_EQ(set.flows.size(), 1U);
}

}  // namespace
