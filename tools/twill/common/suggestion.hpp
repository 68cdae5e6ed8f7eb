// "Did you mean ...?"
#pragma once

#include <string_view>
#include <vector>

namespace twill_command {

// The name that `word` was probably meant to be: the nearest by edit distance, if it is near
// enough; else empty.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& names);

}  // namespace twill_command
