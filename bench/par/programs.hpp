// The programs of the suite, twill's version: each is run in a process of its own,
// `twill_bench_par run NAME ARGUMENTS...`, as the peers' are.
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <string_view>

namespace twill::inline TWILL_ABI::bench {

// A fork-join kernel of bench/par/kernels, on `threads` cores. How: "twill" (with the context
// handed on), "plain" (without), "serial" (without twill). False: there is no such kernel.
bool run_twill_kernel(std::string_view how, std::string_view kernel, int size, unsigned threads);

// The Fibonacci number `n` on one core, computed by plain calls, by forking at each call, and with
// the context handed on.
void run_fib(int n);

// Short loops of a kind: "write", "sum" (of integers) or "dsum" (of doubles).
void run_loops(std::string_view kind);

// "wake", "idle" or "regions" of bench/par/pool.hpp. How: "pool" (twill), "split" (as well as it
// can be done). False: there is no such program; so below.
bool run_twill_pool(std::string_view how, std::string_view name, double argument);

// "sum", "count" or "scale" over so many bytes. How: "bandwidth" (twill), "stream" (plain threads).
bool run_bandwidth(std::string_view how, std::string_view name, std::size_t bytes);

// One of bench/par/data.hpp over so many elements. How: "data" (twill), "serial-data".
bool run_data(std::string_view how, std::string_view name, std::size_t count);

}  // namespace twill::inline TWILL_ABI::bench
