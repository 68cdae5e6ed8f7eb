// The programs of the suite that are twill's or nobody's: each is run in a process of its own,
// `twill_bench_mixed run NAME OPTIONS...`.
#pragma once

#include <twill/core/config.hpp>

#include "common/words.hpp"

#include <string>

namespace twill::inline TWILL_ABI::bench {

// Twill's server; see serving.hpp. Beside what all servers know: --io off (no listener), --job
// background or foreign, --lanes default|none|idle|nice, --watchdog
// default|hand_over|off, --hostile on, --probe on (ends at once;
// fails when what the other options ask for is not there).
void run_server(const words& given);

// The other end, the same for every server: open-loop load.
//
//     --port N --rate N --seconds S [--connections 64] [--warm-up 1] [--request echo|scan|search]
//
// Requests, of 64 bytes or for a search by HTTP, are sent at the moments of a Poisson process,
// whether or not earlier ones were answered, and a latency counts from the moment at which its
// request was to be sent. At rate 0 the connections only stand; at port 0 there are none. Prints
// "measuring" when the warm-up is over and "measured" at the end, then "p50_us", "p99_us",
// "p999_us", "max_us", "answered", "unanswered" (after two seconds of patience), "late" (sent more
// than 100 us late), "load_cpu_s" and "real_time" (whether its priority is).
void run_load(const words& given);

// Burns the CPU for ever: "hog" like any foreign process, "spinner" on the CPU that is its
// argument and only where nobody else wants it (SCHED_IDLE), so that this CPU never halts.
[[noreturn]] void run_hog();
[[noreturn]] void run_spinner(unsigned cpu);

// Becomes the program of `argv` in the control group whose folder is given.
void run_in_group(const std::string& folder, const words& argv);

// One configuration, once, for those who want to see figures in seconds:
//     run twill|go|... [--rate 5000] [--job on] [--seconds 3] [--lanes none] [--hogs 1]
//                      [--awake on] [--hostile on] [--watchdog hand_over]
//                      [--request scan] [--quota 1.5]
int run_single(const std::string& name, const words& given);

}  // namespace twill::inline TWILL_ABI::bench
