#include <twill/trace/perfetto.hpp>
#include <twill/trace/recorder.hpp>
#include <twill/trace/span.hpp>

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>

#include "made_snapshot.hpp"

namespace {

using made::event;
using nlohmann::json;
using twill::event_kind;

// Throws, and so fails the test, when the text is no valid JSON or no valid UTF-8.
json written(const twill::trace::snapshot& seen) {
    std::ostringstream out;
    twill::trace::write_perfetto(out, seen);
    return json::parse(out.str());
}

std::vector<json> with_phase(const json& trace, const std::string& phase) {
    std::vector<json> found;
    for (const json& one : trace.at("traceEvents"))
        if (one.at("ph") == phase) found.push_back(one);
    return found;
}

TEST(perfetto, empty_trace_is_valid) {
    EXPECT_TRUE(written({}).at("traceEvents").empty());
    EXPECT_EQ(with_phase(written(made::snapshot({{}})), "M").size(), 3U);
}

TEST(perfetto, threads_have_names) {
    const json trace = written(made::snapshot({{}, {}}));
    std::map<int, std::string> names;
    for (const json& one : with_phase(trace, "M"))
        if (one.at("name") == "thread_name") names[one.at("tid")] = one.at("args").at("name");
    EXPECT_EQ(names, (std::map<int, std::string>{{100, "worker 0"}, {101, "worker 1"}}));
}

TEST(perfetto, slice_has_exact_times_in_microseconds) {
    auto seen = made::snapshot({{event(1'002'003, event_kind::blocking_begin, 1, "fsync"),
                                 event(1'002'010, event_kind::blocking_end, 1)}});
    const auto slices = with_phase(written(seen), "X");
    ASSERT_EQ(slices.size(), 1U);
    EXPECT_DOUBLE_EQ(slices[0].at("ts"), 1002.003);
    EXPECT_DOUBLE_EQ(slices[0].at("dur"), 0.007);
    EXPECT_EQ(slices[0].at("name"), "fsync");
    EXPECT_EQ(slices[0].at("cat"), "blocking call");
    EXPECT_EQ(slices[0].at("tid"), 100);
}

TEST(perfetto, instants_flows_and_crossing_spans) {
    const json trace = written(made::snapshot({
        {event(1, event_kind::thread_start, 0, "main"), event(2, event_kind::steal, 3, "", 1),
         event(3, event_kind::cancel, 4), event(4, event_kind::mark, 0, "note"),
         event(5, event_kind::span_begin, 7, "request"), event(6, event_kind::wake, 9)},
        {event(8, event_kind::task_resume, 9), event(9, event_kind::span_end, 7),
         event(10, event_kind::task_suspend, 9, "sleep")},
    }));
    EXPECT_EQ(with_phase(trace, "i").size(), 5U);
    const auto starts = with_phase(trace, "s");
    const auto finishes = with_phase(trace, "f");
    ASSERT_EQ(starts.size(), 1U);
    ASSERT_EQ(finishes.size(), 1U);
    EXPECT_EQ(starts[0].at("id"), finishes[0].at("id"));
    EXPECT_EQ(starts[0].at("tid"), 100);
    EXPECT_EQ(finishes[0].at("tid"), 101);
    ASSERT_EQ(with_phase(trace, "b").size(), 1U);
    EXPECT_EQ(with_phase(trace, "b")[0].at("name"), "request");
    EXPECT_EQ(with_phase(trace, "e")[0].at("id"), with_phase(trace, "b")[0].at("id"));
    EXPECT_EQ(with_phase(trace, "X")[0].at("args").at("then waits for"), "sleep");
}

TEST(perfetto, labels_may_be_any_bytes) {
    auto seen = made::snapshot({{
        event(1, event_kind::mark, 0, "quote \" backslash \\ line\nbell\x07 del\x7F"),
        event(2, event_kind::mark, 0, "caf\xC3\xA9 \xF0\x9F\x98\x80"),
        event(3, event_kind::mark, 0, "\xFF\xC0\xAF\xED\xA0\x80\xF4\x90\x80\x80\xE2\x82"),
    }});
    seen.threads[0].name = std::string("\x80\0\"", 3);
    const json trace = written(seen);
    const auto marks = with_phase(trace, "i");
    ASSERT_EQ(marks.size(), 3U);
    EXPECT_EQ(marks[0].at("name"), "quote \" backslash \\ line\nbell\x07 del\x7F");
    EXPECT_EQ(marks[1].at("name"), "caf\xC3\xA9 \xF0\x9F\x98\x80");
    std::string replaced;
    for (int i = 0; i < 12; ++i) replaced += "\xEF\xBF\xBD";
    EXPECT_EQ(marks[2].at("name"), replaced);
}

TEST(perfetto, losses_are_told) {
    auto seen = made::snapshot({{event(1, event_kind::mark)}});
    seen.threads[0].lost = 5;
    seen.homeless = 6;
    const json other = written(seen).at("otherData");
    EXPECT_EQ(other.at("events overwritten in thread 100"), 5);
    EXPECT_EQ(other.at("events of threads without a ring"), 6);
}

TEST(perfetto, every_kind_alone_and_twice_is_valid) {
    for (int first = 0; first <= static_cast<int>(event_kind::mark); ++first)
        for (int second = 0; second <= static_cast<int>(event_kind::mark); ++second)
            written(made::snapshot({{event(5, static_cast<event_kind>(first), 1),
                                     event(6, static_cast<event_kind>(second), 1)}}));
}

TEST(perfetto, large_trace_comes_in_pieces) {
    std::vector<twill::event> events;
    for (long i = 0; i < 5000; ++i) events.push_back(event(i, event_kind::mark, 0, "m"));
    const auto seen = made::snapshot({events});
    std::string whole;
    int pieces = 0;
    twill::trace::write_perfetto(
        [&](std::string_view piece) {
            whole += piece;
            ++pieces;
        },
        seen);
    EXPECT_GT(pieces, 5);
    EXPECT_EQ(with_phase(json::parse(whole), "i").size(), 5000U);
}

TEST(perfetto, recorded_program_round_trips) {
    twill::trace::recorder r({.events_per_thread = 64, .threads = 64});
    std::thread([] { twill::trace::span work("work"); }).join();
    r.stop();
    const auto slices = with_phase(written(r.take()), "X");
    ASSERT_EQ(slices.size(), 1U);
    EXPECT_EQ(slices[0].at("name"), "work");
}

}  // namespace
