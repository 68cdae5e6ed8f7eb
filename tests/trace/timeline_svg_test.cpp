#include <twill/core/random.hpp>
#include <twill/trace/timeline_svg.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "made_snapshot.hpp"

namespace {

using namespace std::chrono_literals;
using made::event;
using twill::event_kind;
using namespace twill::trace;

// Empty when `text` is well-formed XML as far as elements and references go; else what is wrong.
std::string flaw_of(std::string_view text) {
    std::vector<std::string_view> open;
    while (!text.empty()) {
        if (text[0] == '&') {
            const auto end = text.substr(0, 8).find(';');
            if (end == std::string_view::npos) return "bad reference";
            text.remove_prefix(end);
        } else if (static_cast<unsigned char>(text[0]) < 0x20 && text[0] != '\n') {
            return "control character";
        } else if (text[0] == '<') {
            const auto end = text.find('>');
            if (end == std::string_view::npos) return "unclosed tag";
            std::string_view tag = text.substr(1, end - 1);
            const bool closed = tag.ends_with('/');
            if (tag.find('<') != std::string_view::npos) return "< in a tag";
            if (tag.starts_with('/')) {
                if (open.empty() || open.back() != tag.substr(1)) return "unbalanced";
                open.pop_back();
            } else if (!closed) {
                open.push_back(tag.substr(0, tag.find(' ')));
            }
            text.remove_prefix(end);
        }
        text.remove_prefix(1);
    }
    return open.empty() ? "" : "not closed";
}

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
        ++found;
    return found;
}

timeline two_categories() {
    timeline picture;
    picture.title = "Title";
    picture.categories = {{"task", colour::blue}, {"parked", colour::grey, true}};
    return picture;
}

TEST(timeline_svg, empty_picture_says_so) {
    const std::string svg = timeline_svg({});
    EXPECT_EQ(flaw_of(svg), "");
    EXPECT_NE(svg.find("nothing was recorded"), std::string::npos);
    timeline lanes_only = two_categories();
    lanes_only.lanes = {{"idle", {}}};
    EXPECT_EQ(flaw_of(timeline_svg(lanes_only)), "");
}

TEST(timeline_svg, wide_bars_are_drawn_singly_with_label_and_tooltip) {
    timeline picture = two_categories();
    picture.lanes = {{"worker 0", {{0ms, 60ms, 0, "parse"}, {60ms, 100ms, 1, ""}}}};
    const std::string svg = timeline_svg(picture);
    EXPECT_EQ(flaw_of(svg), "");
    EXPECT_EQ(count(svg, "class=\"bar "), 2U);
    EXPECT_NE(svg.find("<title>parse&#10;task, 60 ms, from 0 ns</title>"), std::string::npos);
    EXPECT_NE(svg.find(">parse</text>"), std::string::npos);
    EXPECT_NE(svg.find(">worker 0</text>"), std::string::npos);
    EXPECT_NE(svg.find(">60 % busy</text>"), std::string::npos);
    EXPECT_NE(svg.find(">20 ms</text>"), std::string::npos);
}

TEST(timeline_svg, legend_names_the_categories_in_use) {
    timeline picture = two_categories();
    picture.lanes = {{"a", {{0ms, 5ms, 0, ""}}}};
    const std::string svg = timeline_svg(picture);
    EXPECT_NE(svg.find(">task</text>"), std::string::npos);
    EXPECT_EQ(svg.find(">parked</text>"), std::string::npos);
}

TEST(timeline_svg, ticks_suit_every_length) {
    for (const auto& [length, tick] : {std::pair<twill::duration, const char*>{1ns, ">1 ns<"},
                                       {700ns, ">100 ns<"},
                                       {3us, ">0.5 \xC2\xB5s<"},
                                       {1200us, ">0.2 ms<"},
                                       {90s, ">20 s<"},
                                       {1s, ">0.2 s<"}}) {
        timeline picture = two_categories();
        picture.length = length;
        picture.lanes = {{"a", {}}};
        EXPECT_NE(timeline_svg(picture).find(tick), std::string::npos) << tick;
    }
}

TEST(timeline_svg, texts_may_be_any_bytes) {
    const std::string nasty("</text><script>\"'& \xFF\xC0\xAF \0 \x1B \xEF\xBF\xBF", 28);
    timeline picture{.title = nasty, .caption = nasty, .categories = {{nasty, colour::red}}};
    picture.lanes = {{nasty, {{0ms, 5ms, 0, nasty}}}};
    const std::string svg = timeline_svg(picture);
    EXPECT_EQ(flaw_of(svg), "");
    EXPECT_EQ(svg.find("<script"), std::string::npos);
    EXPECT_EQ(svg.find('\xFF'), std::string::npos);
    EXPECT_EQ(svg.find('\0'), std::string::npos);
}

TEST(timeline_svg, lone_bar_too_short_for_a_pixel_is_still_seen) {
    timeline picture = two_categories();
    picture.length = 10s;
    picture.lanes = {{"a", {{5s, 5s + 1us, 0, "blip"}, {7s, 7s, 0, "no time at all"}}}};
    const std::string svg = timeline_svg(picture);
    EXPECT_NE(svg.find("task: 2 bars, drawn together"), std::string::npos);
    EXPECT_EQ(count(svg, "v-3z"), 0U);
    EXPECT_EQ(count(svg, "v-3h1v3z"), 2U);
}

TEST(timeline_svg, million_bars_make_a_small_file) {
    twill::random_source dice(7);
    timeline picture = two_categories();
    picture.categories.push_back({"compute", colour::orange});
    for (int i = 0; i < 16; ++i) {
        lane& one = picture.lanes.emplace_back();
        one.name = "worker " + std::to_string(i);
        twill::duration at{};
        for (int k = 0; k < 62'500; ++k) {
            const twill::duration length(100 +
                                         (dice.below(50) == 0 ? 900'000 : dice.below(20'000)));
            one.bars.push_back({at, at + length, dice.below(3), "answer"});
            at += length + twill::duration(dice.below(5'000));
        }
    }
    const std::string svg = timeline_svg(picture);
    EXPECT_LT(svg.size(), 300'000U);
    EXPECT_EQ(flaw_of(svg), "");
}

TEST(timeline_svg, long_labels_and_many_lanes_make_a_small_file) {
    timeline picture = two_categories();
    for (int i = 0; i < 1000; ++i) {
        lane& one = picture.lanes.emplace_back();
        one.name = std::string(5000, 'n');
        for (int k = 0; k < 300; ++k)
            one.bars.push_back({k * 1ms, (k + 1) * 1ms, 0, std::string(2000, '&')});
    }
    const std::string svg = timeline_svg(picture);
    EXPECT_LT(svg.size(), 300'000U);
    EXPECT_EQ(flaw_of(svg), "");
    EXPECT_NE(svg.find("and 936 more lanes, not shown"), std::string::npos);
}

TEST(timeline_svg, bars_outside_of_the_picture_and_backward_bars_do_no_harm) {
    timeline picture = two_categories();
    picture.length = 10ms;
    picture.lanes = {{"a",
                      {{-5ms, -1ms, 0, ""},
                       {-5ms, 5ms, 0, ""},
                       {8ms, 50ms, 0, ""},
                       {20ms, 30ms, 0, ""},
                       {7ms, 6ms, 0, ""}}}};
    const std::string svg = timeline_svg(picture);
    EXPECT_EQ(flaw_of(svg), "");
    EXPECT_EQ(count(svg, "class=\"bar "), 2U);
    EXPECT_NE(svg.find(">70 % busy<"), std::string::npos);
}

TEST(timeline_svg, unknown_category_is_refused) {
    timeline picture = two_categories();
    picture.lanes = {{"a", {{0ms, 1ms, 2, ""}}}};
    EXPECT_THROW(timeline_svg(picture), std::out_of_range);
}

TEST(timeline_of, innermost_wins_and_lanes_are_threads) {
    const timeline picture = timeline_of(made::snapshot({
        {event(0, event_kind::region_begin, 1, "sum.cpp", 3), event(100, event_kind::park),
         event(300, event_kind::unpark), event(400, event_kind::region_end, 1)},
        {event(50, event_kind::poll_begin), event(60, event_kind::poll_end)},
    }));
    ASSERT_EQ(picture.lanes.size(), 2U);
    EXPECT_EQ(picture.lanes[0].name, "worker 0");
    EXPECT_EQ(picture.length, 1000ns);
    const auto& bars = picture.lanes[0].bars;
    ASSERT_EQ(bars.size(), 3U);
    const auto category = [&](std::size_t i) { return picture.categories[bars[i].category].name; };
    EXPECT_EQ(category(0), "compute");
    EXPECT_EQ(bars[0].label, "sum.cpp:3");
    EXPECT_EQ(bars[0].to, 100ns);
    EXPECT_EQ(category(1), "parked");
    EXPECT_EQ(category(2), "compute");
    EXPECT_EQ(bars[2].from, 300ns);
    EXPECT_EQ(bars[2].to, 400ns);
    ASSERT_EQ(picture.lanes[1].bars.size(), 1U);
}

TEST(timeline_of, span_in_a_task_renames_it_and_alone_has_its_own_colour) {
    const timeline picture = timeline_of(made::snapshot({{
        event(0, event_kind::task_resume, 1),
        event(10, event_kind::span_begin, 2, "parse"),
        event(20, event_kind::span_end, 2),
        event(30, event_kind::task_suspend, 1),
        event(40, event_kind::span_begin, 3, "main loop"),
        event(50, event_kind::span_end, 3),
    }}));
    const auto& bars = picture.lanes.at(0).bars;
    ASSERT_EQ(bars.size(), 4U);
    EXPECT_EQ(bars[1].label, "parse");
    EXPECT_EQ(picture.categories[bars[1].category].name, "task");
    EXPECT_EQ(bars[3].label, "main loop");
    EXPECT_EQ(picture.categories[bars[3].category].name, "span");
}

TEST(timeline_of, empty_snapshot_gives_an_empty_picture) {
    EXPECT_TRUE(timeline_of({}).lanes.empty());
    EXPECT_EQ(flaw_of(timeline_svg(timeline_of({}))), "");
}

}  // namespace
