// page.html, as it is in the program.
#pragma once

#include <string_view>

namespace search {

extern const std::string_view page;

}  // namespace search
