// Processes that the program has started.
#pragma once

#include <string_view>

namespace twill::inline TWILL_ABI::check {

// Whether a living child, or one of its own, has a descriptor that is called `name` in /proc:
// "pipe:[1234]", "anon_inode:[eventfd]". Of sockets, any: the two ends have no name in common. One
// that has ended holds nothing, though nobody has waited for it.
bool a_child_may_hold(std::string_view name) noexcept;

}  // namespace twill::inline TWILL_ABI::check
