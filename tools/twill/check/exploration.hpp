// Runs schedules until there is a reason to stop.
#pragma once

#include "twill/check/arguments.hpp"
#include "twill/check/render.hpp"

namespace twill_command::check {

// Throws start_failure.
result explore(const arguments& how);
// The one schedule that `how.replay` names.
result repeat(const arguments& how);

}  // namespace twill_command::check
