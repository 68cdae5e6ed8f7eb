// What a pool does as a whole: how soon it is awake, what it takes while there is nothing to do,
// how it divides unequal work. For twill and for its peers in C++.
//
// A class `Pool` has, for a runtime on all cores:
//     void each(std::size_t count, F f);                    // f(i) for i below count
//     void regions(const std::vector<int>& units, F f);     // for each of them, independently and
//                                                           // all at once, f() as often as it says
#pragma once

#include <twill/core/config.hpp>

#include "common/meter.hpp"
#include "par/kernels/run.hpp"
#include "par/loops.hpp"

#include <time.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

// Work that no compiler shortens, because steps cannot be combined: each waits for the one before
// it, for about 1.5 ns. Not inlined, so that everybody runs the same instructions.
[[gnu::noinline]] inline void work(long steps) {
    std::uint64_t state = 1;
    for (long i = 0; i < steps; ++i) state = (state ^ state >> 29) * 0xbf58476d1ce4e5b9U;
    keep(state);
}

inline void sleep_for(double seconds) {
    timespec left{};
    left.tv_sec = static_cast<time_t>(seconds);
    left.tv_nsec = static_cast<long>((seconds - static_cast<double>(left.tv_sec)) * 1e9);
    while (nanosleep(&left, &left) != 0) {
    }
}

template <class F>
double took_ms(F&& call) {
    const double began = wall_seconds();
    call();
    return (wall_seconds() - began) * 1e3;
}

// "speedup": of 10 ms of work, after so many seconds without any, over the plain loop after the
// same.
template <class Pool>
void report_wake(Pool& pool, double idle) {
    constexpr std::size_t pieces = 1000;
    const long steps = 6500;
    pool.each(pieces, [](std::size_t) { work(steps); });  // there must be threads
    sleep_for(idle);
    const double plain = took_ms([] {
        for (std::size_t i = 0; i < pieces; ++i) work(steps);
    });
    sleep_for(idle);
    const double parallel = took_ms([&] { pool.each(pieces, [](std::size_t) { work(steps); }); });
    print("plain_ms", plain);
    print("ms", parallel);
    print("speedup", plain / parallel);
}

// "cpu_ms": the CPU time that the process takes in so many seconds after it had work.
template <class Pool>
void report_idle(Pool& pool, double seconds) {
    pool.each(1000, [](std::size_t) { work(40'000); });
    const double before = cpu_seconds();
    sleep_for(seconds);
    print("idle_cpu_ms", (cpu_seconds() - before) * 1e3);
}

// "ms": how long 64 regions of unequal size take that begin at the same time. `steps`: of the
// smallest piece.
template <class Pool>
void report_regions(Pool& pool, long steps) {
    std::vector<int> units;
    for (int i = 0; i < 64; ++i)
        units.push_back(1 + i * 37 % 64);  // 1 to 64, large and small mixed
    report_runs([&] {
        std::atomic<int> done{0};
        pool.regions(units, [&] {
            work(steps);
            done.fetch_add(1, std::memory_order_relaxed);
        });
        demand(done == 64 * 65 / 2, "regions");
    });
}

// False: there is no such program.
template <class Pool>
bool run_pool(std::string_view name, double argument) {
    Pool pool;
    if (name == "wake")
        report_wake(pool, argument);
    else if (name == "idle")
        report_idle(pool, argument);
    else if (name == "regions")
        report_regions(pool, static_cast<long>(argument));
    else
        return false;
    return true;
}

}  // namespace twill::inline TWILL_ABI::bench
