// How many jobs the limit of open files (ulimit -n) leaves room for.
#pragma once

namespace twill_command {

// `wanted`, or fewer, which is said on standard error if `asked_for`; 0, which is always said, when
// there is not even room for one. `stay`: they are workers, which take one more each.
unsigned jobs_that_fit(unsigned wanted, bool asked_for, bool stay);

}  // namespace twill_command
