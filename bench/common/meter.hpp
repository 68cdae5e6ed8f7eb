// What a measured program reads about itself, and how it says it. Needs no library: the peers that
// are written in C++ use it too.
#pragma once

#include <twill/core/config.hpp>

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

inline double seconds_of(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// User and system time of all threads of this process so far. CPU time and not wall-clock time is
// what the programs on one core measure: others who run on the same core do not count.
inline double cpu_seconds() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

inline double wall_seconds() { return seconds_of(CLOCK_MONOTONIC); }

// Memory of this process that is in RAM.
inline double resident_bytes() {
    long total = 0;
    long resident = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%ld %ld", &total, &resident) != 2) resident = 0;
        std::fclose(file);
    }
    return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// One line of the protocol of bench/common/program.hpp.
inline void print(const char* metric, double value) {
    std::printf("%s %.9g\n", metric, value);
    std::fflush(stdout);
}

// Seconds, by some clock, of a first call and of the ones after it, when memory and caches are
// warm.
struct cold_and_warm {
    double cold;
    double warm;  // the median of three
};

template <class Clock, class F>
cold_and_warm time_repeated(Clock&& seconds, F&& work) {
    std::vector<double> took;
    for (int i = 0; i < 4; ++i) {
        const double before = seconds();
        work();
        took.push_back(seconds() - before);
    }
    std::sort(took.begin() + 1, took.end());
    return {.cold = took[0], .warm = took[2]};
}

}  // namespace twill::inline TWILL_ABI::bench
