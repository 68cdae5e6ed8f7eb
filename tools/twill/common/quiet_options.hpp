// How the command's own runtimes are set up.
#pragma once

#include <twill/runtime/options.hpp>

namespace twill_command {

// As the environment says, but without the watchdog unless it asks for that: who uses the command
// is told of jobs and programs, and not of the command's own tasks, some of which are there to show
// what it is like to hold an event thread.
twill::runtime_options quiet_options();

}  // namespace twill_command
