// How many jobs the limit of open files (ulimit -n) leaves room for.
#pragma once

namespace twill_command {

// `wanted`, or fewer, which is said on standard error; 0 when there is not even room for one.
unsigned jobs_that_fit(unsigned wanted);

}  // namespace twill_command
