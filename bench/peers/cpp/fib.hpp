// What the fork-join peers in C++ have in common: fib by plain calls, and the measuring.
#pragma once

#include "common/meter.hpp"

#include <cstdlib>

namespace twill::inline TWILL_ABI::bench {

inline long plain_fib(int n) { return n < 2 ? n : plain_fib(n - 1) + plain_fib(n - 2); }

// NAME N: the only name is fib.
template <class F>
int measure_fib(int argc, char** argv, F&& forked) {
    // The compiler must not know it.
    volatile int n = argc > 2 ? std::atoi(argv[2]) : 0;
    const double calls = 2 * static_cast<double>(plain_fib(n + 1)) - 1;
    double before = cpu_seconds();
    const long expected = plain_fib(n);
    print("plain_ns", (cpu_seconds() - before) * 1e9 / calls);
    before = cpu_seconds();
    if (forked(static_cast<int>(n)) != expected) std::abort();
    print("join_ns", (cpu_seconds() - before) * 1e9 / calls);
    return 0;
}

}  // namespace twill::inline TWILL_ABI::bench
