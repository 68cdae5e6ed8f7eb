// What `twill map --help` and `--help-all` print.
#pragma once

#include <string>

namespace twill_command {

// What is needed daily: fits a screen.
std::string map_help();
// All options.
std::string map_help_all();

}  // namespace twill_command
