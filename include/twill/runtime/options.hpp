// How a runtime is set up, in code or by environment variables.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/lanes.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI {

struct runtime_options {
    // Threads of the compute pool. 0: one for each usable CPU. TWILL_COMPUTE_THREADS
    unsigned compute_threads = 0;

    // The most threads of the blocking pool. TWILL_BLOCKING_THREADS
    unsigned blocking_threads = 512;

    // What the threads that compute do for those that serve I/O.
    // TWILL_LANES (give_way, none, idle, nice:1 to nice:19)
    twill::lanes lanes = lanes::give_way;

    // How long after `stop` a report says what still runs. TWILL_SHUTDOWN_LIMIT (seconds)
    duration shutdown_limit = std::chrono::seconds(10);

    // Where a trace of the run is written, for Perfetto; empty: none. TWILL_TRACE
    std::string trace_file = {};

    // Takes reports, each one or more whole lines, from any thread. Empty: they go to standard
    // error.
    std::function<void(std::string_view)> report = {};

    // The defaults, changed by the environment variables named above. Throws usage_error, naming
    // the variable, when a value is not understood.
    [[nodiscard]] TWILL_API static runtime_options from_environment();
};

}  // namespace twill::inline TWILL_ABI
