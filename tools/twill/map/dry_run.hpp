// `twill map --dry-run`: what would be run.
#pragma once

#include "twill/map/arguments.hpp"
#include "twill/map/input_source.hpp"

#include <twill/core/task.hpp>

namespace twill_command {

// Prints the command line for each input that would be run, quoted for a shell. Gives how many
// inputs there were. Throws io_error, unusable_log.
twill::task<std::size_t> print_commands(const map_arguments& arguments, input_source& inputs);

}  // namespace twill_command
