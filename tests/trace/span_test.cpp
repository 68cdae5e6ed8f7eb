#include <twill/core/event.hpp>
#include <twill/trace/recorder.hpp>
#include <twill/trace/span.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace {

using twill::event_kind;
namespace trace = twill::trace;

TEST(span, begins_and_ends_with_its_block) {
    trace::recorder r({.events_per_thread = 16, .threads = 64});
    {
        trace::span outer("outer");
        trace::mark("here", 9);
    }
    const auto events = r.take().threads.at(0).events;
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[0].kind, event_kind::span_begin);
    EXPECT_STREQ(events[0].label, "outer");
    EXPECT_EQ(events[1].kind, event_kind::mark);
    EXPECT_STREQ(events[1].label, "here");
    EXPECT_EQ(events[1].value, 9U);
    EXPECT_EQ(events[2].kind, event_kind::span_end);
    EXPECT_EQ(events[2].subject, events[0].subject);
}

TEST(intern, gives_one_name_for_equal_texts) {
    std::string text = "route /a/";
    const trace::name first = trace::intern(text + "b");
    const trace::name second = trace::intern("route /a/b");
    EXPECT_EQ(first.text(), second.text());
    text = "overwritten";
    EXPECT_STREQ(first.text(), "route /a/b");
    EXPECT_STRNE(trace::intern("route /a/c").text(), first.text());
}

TEST(intern, takes_any_bytes_up_to_the_first_zero) {
    using namespace std::string_view_literals;
    EXPECT_STREQ(trace::intern("").text(), "");
    EXPECT_STREQ(trace::intern("\xFF\xFE"sv).text(), "\xFF\xFE");
    EXPECT_STREQ(trace::intern("ab\0cd"sv).text(), "ab");
}

TEST(intern, many_threads_agree) {
    std::vector<const char*> names(4 * 100);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (std::size_t i = 0; i < 100; ++i)
                names[t * 100 + i] = trace::intern("shared " + std::to_string(i)).text();
        });
    for (auto& thread : threads) thread.join();
    for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(names[i], names[i % 100]);
}

}  // namespace
