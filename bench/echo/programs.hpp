// The programs of the suite, twill's version: each is run in a process of its own,
// `twill_bench_echo run NAME ARGUMENTS...`, as the peers' are.
#pragma once

#include <twill/core/config.hpp>

namespace twill::inline TWILL_ABI::bench {

// A TCP echo service on one thread. Prints its port, then serves until it is killed.
void run_echo();

// The other end, the same for every service: `connections` connections with one request of 64 bytes
// under way on each. Measures for `seconds`, after half a second to warm up, requests and the CPU
// time of the process `server`.
void run_echo_load(unsigned port, int server, long connections, double seconds);

}  // namespace twill::inline TWILL_ABI::bench
