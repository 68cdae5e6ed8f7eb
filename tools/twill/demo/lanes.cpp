#include "twill/demo/lanes.hpp"

#include <algorithm>

namespace twill_command::demo {

namespace trace = twill::trace;

std::size_t category_index(trace::timeline& picture, const trace::category& wanted) {
    auto& all = picture.categories;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const auto& each) { return each.name == wanted.name; });
    if (found != all.end()) return static_cast<std::size_t>(found - all.begin());
    all.push_back(wanted);
    return all.size() - 1;
}

void add_lanes(trace::timeline& picture, const std::string& way, const trace::snapshot& seen,
               twill::time_point from, twill::duration window) {
    const auto whole = trace::timeline_of(seen);
    const twill::duration shift = from - seen.from;
    for (const auto& source : whole.lanes) {
        trace::lane lane{.name = way + ": " + source.name};
        twill::duration busy{};
        for (const auto& bar : source.bars) {
            trace::bar moved = bar;
            moved.from = std::max(bar.from - shift, twill::duration::zero());
            moved.to = std::min(bar.to - shift, window);
            if (moved.to <= moved.from) continue;
            const auto& category = whole.categories[bar.category];
            if (!category.quiet) busy += moved.to - moved.from;
            moved.label.clear();
            moved.category = category_index(picture, category);
            lane.bars.push_back(std::move(moved));
        }
        if (busy * 200 > window) picture.lanes.push_back(std::move(lane));
    }
    picture.length = std::max(picture.length, window);
}

}  // namespace twill_command::demo
