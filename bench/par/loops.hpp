// Loops over few cheap elements, where starting in parallel costs more than all of the work: how
// long a call takes, above the plain loop. For twill and for its peers in C++.
//
// A class `Loops` has, for a runtime:
//     void inside(F f);                                // f(), where its workers compute
//     void write(int* to, std::size_t count, int k);   // to[i] = i * k
//     int sum(const int* from, std::size_t count);
//     double sum(const double* from, std::size_t count);
// each called from a plain thread, and within `inside`.
#pragma once

#include <twill/core/config.hpp>

#include "common/meter.hpp"
#include "par/kernels/run.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

struct plain_loops {
    static void write(int* to, std::size_t count, int k) {
        for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<int>(i) * k;
    }
    template <class T>
    static T sum(const T* from, std::size_t count) {
        T total = 0;
        for (std::size_t i = 0; i < count; ++i) total += from[i];
        return total;
    }
};

// The compiler must take `value` for read and, as far as memory goes, for changed.
template <class T>
void keep(T& value) {
    asm volatile("" : "+m,r"(value) : : "memory");
}

// Wall-clock ns of a call of each, in turns: medians over batches of a millisecond.
template <class Plain, class Parallel>
void report_call(const std::string& what, Plain&& plain, Parallel&& parallel) {
    constexpr double batch = 1e-3;
    constexpr int batches = 25;
    const auto took = [](auto& call, long times) {
        const double began = wall_seconds();
        for (long i = 0; i < times; ++i) call();
        return wall_seconds() - began;
    };
    const auto calls_of = [&](auto& call) {
        long times = 1;
        while (took(call, times) < batch) times *= 2;
        return times;
    };
    const long plain_calls = calls_of(plain);
    const long parallel_calls = calls_of(parallel);
    std::vector<double> plain_ns;
    std::vector<double> parallel_ns;
    for (int i = 0; i < batches; ++i) {
        plain_ns.push_back(took(plain, plain_calls) * 1e9 / static_cast<double>(plain_calls));
        parallel_ns.push_back(took(parallel, parallel_calls) * 1e9 /
                              static_cast<double>(parallel_calls));
    }
    print((what + "_plain_ns").c_str(), median_of(plain_ns));
    print((what + "_ns").c_str(), median_of(parallel_ns));
}

template <class Loops>
void report_loop(Loops& loops, std::string_view kind, std::size_t count, const std::string& what) {
    if (kind == "write") {
        std::vector<int> to(count);
        int* const first = to.data();
        int k = 3;
        const auto call = [&](auto& how) {
            return [&, first] {
                keep(k);
                how.write(first, count, k);
                keep(*first);
            };
        };
        plain_loops plain;
        report_call(what, call(plain), call(loops));
        std::fill(to.begin(), to.end(), -1);
        loops.write(first, count, k);
        for (std::size_t i = 0; i < count; ++i) demand(to[i] == static_cast<int>(i) * k, what);
        return;
    }
    const auto sums = [&](auto zero) {
        const std::vector<decltype(zero)> from(count, 2);
        const auto* first = from.data();
        const auto call = [&](auto& how) {
            return [&] {
                keep(first);
                auto total = how.sum(first, count);
                keep(total);
                demand(total == static_cast<decltype(zero)>(2 * count), what);
            };
        };
        plain_loops plain;
        report_call(what, call(plain), call(loops));
    };
    if (kind == "sum")
        sums(0);
    else
        sums(0.0);
}

// Prints "out_COUNT_ns" (called from a plain thread), "in_COUNT_ns" (from where workers compute)
// and for each of them "..._plain_ns", the plain loop beside it.
template <class Loops>
void report_loops(Loops& loops, std::string_view kind) {
    for (const std::size_t count : {100UL, 1000UL, 10000UL}) {
        const std::string size = std::to_string(count);
        report_loop(loops, kind, count, "out_" + size);
        loops.inside([&] { report_loop(loops, kind, count, "in_" + size); });
    }
}

}  // namespace twill::inline TWILL_ABI::bench
