// What users of xargs and GNU parallel are used to write, and what it is here.
#pragma once

#include <string_view>

namespace twill_command {

// For an option as it stands on the command line; empty: none of theirs that needs a word.
std::string_view foreign_option_hint(std::string_view word);

}  // namespace twill_command
