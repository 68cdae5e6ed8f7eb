// Puts the timelines of several ways of doing the same work into one picture.
#pragma once

#include <twill/core/time.hpp>
#include <twill/trace/snapshot.hpp>
#include <twill/trace/timeline_svg.hpp>

#include <string>

namespace twill_command::demo {

// Adds the lanes of `seen`, each named "way: thread", with time zero at `from` and nothing after
// `from + window`. Threads that were busy for less than half a percent of it are left out.
void add_lanes(twill::trace::timeline& picture, const std::string& way,
               const twill::trace::snapshot& seen, twill::time_point from, twill::duration window);

// The index of the category of that name, which is added if it is new.
std::size_t category_index(twill::trace::timeline& picture, const twill::trace::category& wanted);

}  // namespace twill_command::demo
