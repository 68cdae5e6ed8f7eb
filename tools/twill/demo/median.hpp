// The middle one of what several rounds gave: what slows one round down on a shared machine does
// not show.
#pragma once

#include <algorithm>
#include <vector>

namespace twill_command::demo {

// Of an even number the higher of the two in the middle; 0 of none.
inline double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

}  // namespace twill_command::demo
