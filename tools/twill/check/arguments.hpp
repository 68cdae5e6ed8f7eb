// The command line of `twill check`, understood.
#pragma once

#include <twill/core/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace twill_command::check {

enum class mode : std::uint8_t { choose, sync, memory };

struct arguments {
    std::vector<std::string> program;  // and its arguments
    std::uint64_t schedules = 1000;
    std::optional<twill::duration> time;  // stop after that long
    std::string strategy;                 // empty: the rotation
    mode points = mode::choose;
    std::uint64_t seed = 1;
    std::optional<std::string> replay;  // a file's name, or a schedule itself
    unsigned jobs = 1;
    unsigned cpus = 4;  // that the program is told it has
    bool keep_going = false;
    bool json = false;
    std::string junit;  // empty: none
    std::string save;   // where the replay file goes; empty: beside
    int good_status = 0;
};

// What to say instead of checking.
struct reply {
    bool is_help = false;
    std::string text;
};

std::variant<arguments, reply> parse(int argc, char** argv);

}  // namespace twill_command::check
