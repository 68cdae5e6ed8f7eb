// Programs that cannot be checked, as far as their files tell.
#pragma once

#include <string>

namespace twill_command::check {

// Why not, and what to do; empty if nothing speaks against it. `name`: as on a command line.
std::string refusal_of(const std::string& name);

}  // namespace twill_command::check
