// A picture of who ran when, as an SVG that a browser, a README or a report shows.
//
//     twill::trace::timeline picture{.title = "Two cores", .categories = {{"task", colour::blue}}};
//     picture.lanes.push_back({"worker 0", {{0ms, 12ms, 0, "parse"}, {15ms, 20ms, 0, "send"}}});
//     std::ofstream("run.svg") << twill::trace::timeline_svg(picture);
//
// Or from a recorder: `timeline_svg(timeline_of(recorder.take()))`.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>
#include <twill/trace/snapshot.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::trace {

// After Okabe and Ito (2008): told apart by colour-blind readers, too.
enum class colour : std::uint8_t { blue, orange, green, purple, sky, red, grey };

struct category {
    std::string name{};
    colour shown_in = colour::blue;
    bool quiet = false;  // a thin line, not counted as busy: a thread that is parked
};

struct bar {
    duration from{};  // since the picture's left edge
    duration to{};
    std::size_t category = 0;  // index into timeline::categories
    std::string label{};       // shown inside when there is room, and when pointed at
};

// Bars of one lane may overlap; then the later in the list covers the earlier.
struct lane {
    std::string name{};
    std::vector<bar> bars{};
};

struct timeline {
    std::string title{};
    std::string caption{};               // what to see in it, in a sentence or three; wrapped
    std::vector<category> categories{};  // those in use make the legend
    std::vector<lane> lanes{};
    duration length{};  // 0: to the end of the last bar
    // Where the picture is not of time: what a nanosecond stands for, in the plural ("steps").
    std::string unit{};
};

// The picture, 1200 units wide, at most about 300 kB however many bars there are: where bars are
// too narrow to be drawn singly, the height of a filled area shows the share of the time that each
// category has. At most 64 lanes are shown, and the rest counted. Follows the reader's choice of a
// light or a dark screen. Texts may be any bytes. Linear in the number of bars; throws only
// std::bad_alloc, and std::out_of_range for a category that is not in the list.
TWILL_API std::string timeline_svg(const timeline& picture);

// A lane a thread; at each moment the innermost of what it did: task, compute, blocking, poll,
// parked, or a span outside of all of these. Title and caption are left to you.
TWILL_API timeline timeline_of(const snapshot& seen);

}  // namespace twill::inline TWILL_ABI::trace
