// The service as a server of SUITE=mixed, whose job is to read its files again.
#pragma once

#include <twill/core/config.hpp>

#include "common/words.hpp"

namespace twill::inline TWILL_ABI::bench {

// run reindexing --folder F [--job on]: see mixed/serving.hpp. With the job on all files in the
// folder are written, and once the service has read them, written again, for ever; "rows" are files
// that it has read.
void run_reindexing(const words& given);

}  // namespace twill::inline TWILL_ABI::bench
