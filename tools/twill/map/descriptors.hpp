// How many jobs the limit of open files (ulimit -n) leaves room for.
#pragma once

#include "twill/map/arguments.hpp"

namespace twill_command {

// `wanted`, or fewer, which is said on standard error if `asked_for`; 0, which is always said, when
// there is not even room for one.
unsigned jobs_that_fit(const map_arguments& arguments, unsigned wanted, bool asked_for);

}  // namespace twill_command
