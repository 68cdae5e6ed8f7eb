// What main.cpp knows of each subcommand: a new one is a line in its table.
#pragma once

namespace twill_command {

struct subcommand {
    const char* name;
    const char* summary;  // one line, for `twill --help`
    // Gets the command line from the subcommand's own name on. Gives the exit status.
    int (*run)(int argc, char** argv);
};

}  // namespace twill_command
