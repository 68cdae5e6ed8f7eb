// search [OPTION...] FOLDER...
#pragma once

#include "service.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace search {

// The command line is wrong; the message says where, and what to do.
class wrong_usage : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct command_line {
    service_options options;
    bool help = false;
    bool log = true;
    // Without any argument it shows itself: on a folder of its own, and ends.
    bool demo = false;
};

// Looks at the folders, too. Throws wrong_usage.
[[nodiscard]] command_line read_command_line(const std::vector<std::string>& arguments);

extern const char* const usage;

}  // namespace search
