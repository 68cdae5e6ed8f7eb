// One lane of a timeline, as SVG.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>
#include <twill/trace/timeline_svg.hpp>

#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::detail {

struct lane_canvas {
    duration length;  // what the width stands for
    double width;
    double height;
    double grain;   // bars narrower than this are drawn together
    double column;  // in columns of this width
    bool of_time = true;
};

// Appends the bars, with the origin at the lane's upper left corner. Bars at least a grain wide are
// rectangles of their own; the others make, for each column, areas as high as their share of the
// column's time.
void append_lane(std::string& out, const lane_canvas& canvas, const trace::lane& lane,
                 const std::vector<trace::category>& categories);

// The part of `length` that the bars cover, those of quiet categories aside.
[[nodiscard]] double busy_share(const trace::lane& lane,
                                const std::vector<trace::category>& categories, duration length);

}  // namespace twill::inline TWILL_ABI::detail
