// The programs of the suite, twill's version: each is run in a process of its own,
// `twill_bench_io run NAME ARGUMENTS...`, as the peers' are.
//
// A server takes how many event threads it has, prints its port, and serves until it is killed.
#pragma once

#include <twill/core/config.hpp>

#include "common/words.hpp"

namespace twill::inline TWILL_ABI::bench {

// echo THREADS: what comes over TCP goes back.
void run_echo(const words& arguments);
// http THREADS, https THREADS CERTIFICATE KEY: answers each request by a short text.
void run_http(const words& arguments);
void run_https(const words& arguments);

// overloaded admission|none: an HTTP server whose requests cost milliseconds of a core, with
// admission control or without.
void run_overloaded(const words& arguments);

// The other end, the same for every server; see load_bench.cpp.
void run_load(const words& arguments);
// A load that does not wait for the server; see rate_bench.cpp.
void run_rate(const words& arguments);

}  // namespace twill::inline TWILL_ABI::bench
