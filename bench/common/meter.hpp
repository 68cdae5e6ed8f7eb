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

// User and system time of all threads of this process so far. CPU time and not wall-clock time is
// what the programs measure: others who run on the same core do not count.
inline double cpu_seconds() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

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

// CPU seconds of a first call and of the ones after it, when memory and caches are warm.
struct cold_and_warm {
    double cold;
    double warm;  // the median of three
};

template <class F>
cold_and_warm time_repeated(F&& work) {
    std::vector<double> took;
    for (int i = 0; i < 4; ++i) {
        const double before = cpu_seconds();
        work();
        took.push_back(cpu_seconds() - before);
    }
    std::sort(took.begin() + 1, took.end());
    return {.cold = took[0], .warm = took[2]};
}

}  // namespace twill::inline TWILL_ABI::bench
