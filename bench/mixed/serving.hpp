// What the servers of bench/mixed written in C++ share; the others do the same in their languages.
//
//     PROGRAM [--job on] [--row-iterations N] ...   serves, after a line "port N"
//     PROGRAM --calibrate N                         prints "row_us": how long a row of N takes
//
// A server echoes what comes over TCP and, with the job on, computes regions of 512 rows, one after
// the other, for ever. On the line "begin" of its standard input it begins to count, on "end" it
// prints "rows", "window_s" and "window_cpu_s" since then, and the end of its input is its end.
#pragma once

#include <twill/core/config.hpp>

#include "common/meter.hpp"
#include "common/words.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <thread>

namespace twill::inline TWILL_ABI::bench {

inline constexpr std::size_t rows_of_region = 512;
// Rows in 50 ms.
inline constexpr int rows_of_long_call = 532;

// Each step waits for the one before it. The numbers are such that every language of the peers has
// them without help: products of 32 by 26 bits.
[[gnu::noinline]] inline void compute_row(std::uint32_t iterations) {
    std::uint32_t state = iterations;
    for (std::uint32_t i = 0; i < iterations; ++i) state = (state ^ state >> 15) * 0x2c1b3c5U;
    asm volatile("" : : "r"(state));
}

inline double monotonic_seconds() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// Prints the median of many.
inline void calibrate(std::uint32_t iterations) {
    std::array<double, 1001> took{};
    for (double& each : took) {
        const double began = monotonic_seconds();
        compute_row(iterations);
        each = monotonic_seconds() - began;
    }
    const auto middle = took.begin() + took.size() / 2;
    std::nth_element(took.begin(), middle, took.end());
    print("row_us", *middle * 1e6);
}

inline std::atomic<std::uint64_t> rows_done{0};

// Obeys the standard input, on a thread of its own, until the process ends.
inline void obey_input() {
    std::thread([] {
        std::uint64_t rows = 0;
        double began = 0;
        double cpu = 0;
        std::array<char, 64> line;  // filled by fgets
        while (std::fgets(line.data(), line.size(), stdin) != nullptr) {
            if (std::string_view(line.data()) == "begin\n") {
                rows = rows_done;
                began = monotonic_seconds();
                cpu = cpu_seconds();
            } else {
                print("window_cpu_s", cpu_seconds() - cpu);
                print("window_s", monotonic_seconds() - began);
                print("rows", static_cast<double>(rows_done - rows));
            }
        }
        _exit(0);
    }).detach();
}

}  // namespace twill::inline TWILL_ABI::bench
