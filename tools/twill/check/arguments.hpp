// The command line of `twill check`, understood.
#pragma once

#include <twill/check/protocol.hpp>
#include <twill/core/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace twill_command::check {

struct arguments {
    std::vector<std::string> program;  // and its arguments
    std::uint64_t schedules = 1000;
    std::optional<twill::duration> time;  // stop after that long
    twill::check::strategy_kind strategy = twill::check::strategy_kind::rotation;
    unsigned pct_depth = 3;
    twill::check::points_wanted points = twill::check::points_wanted::any;
    std::uint64_t seed = 1;
    std::optional<std::string> replay;  // a file's name, or a schedule itself
    std::uint64_t times = 1;            // to replay it
    unsigned jobs = 1;
    unsigned cpus = 4;                      // that the program is told it has
    bool gdb = false;                       // the replay, under gdb
    std::vector<std::string> gdb_commands;  // for it to run, and then to end
    bool keep_going = false;
    bool json = false;
    bool github = false;   // annotations
    std::string junit;     // empty: none
    std::string svg;       // where a picture of the worst failure goes; empty: none
    std::string suppress;  // a file of rules; empty: none
    std::string save;      // where the replay file goes; empty: beside
    int good_status = 0;
};

// What to say instead of checking.
struct reply {
    bool is_help = false;
    std::string text;
};

std::variant<arguments, reply> parse(int argc, char** argv);

}  // namespace twill_command::check
