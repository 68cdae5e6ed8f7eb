// Runs schedules until there is a reason to stop.
#pragma once

#include "twill/check/arguments.hpp"
#include "twill/check/render.hpp"

namespace twill_command::check {

// Throws start_failure.
result explore(const arguments& how);
// The one schedule that `how.replay` names.
result repeat(const arguments& how);

// That schedule under gdb, which stops before the last context switch. Returns when gdb has ended;
// gives its exit status.
int debug(const arguments& how);

}  // namespace twill_command::check
