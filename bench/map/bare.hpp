// The peer that does nothing but what cannot be left out.
#pragma once

#include <twill/core/config.hpp>

namespace twill::inline TWILL_ABI::bench {

// Runs `program` (a path) `jobs` times with a number as its argument, `at_once` at a time. No
// output is collected, nothing is stopped, nobody is told how they ended.
void run_bare(const char* program, long jobs, long at_once);

}  // namespace twill::inline TWILL_ABI::bench
