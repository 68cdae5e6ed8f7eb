// Algorithms that do less than memory can deliver: how many bytes a second they read and write. For
// twill and for its peers in C++.
//
// A class `Algorithms` has, for a runtime on all cores:
//     double sum(const double* from, std::size_t count);
//     std::size_t count_below(const int* from, std::size_t count, int bound);
//     void scale(const double* from, double* to, std::size_t count, double by);
#pragma once

#include <twill/core/config.hpp>

#include "common/meter.hpp"
#include "par/kernels/run.hpp"

#include <cstddef>
#include <thread>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

// The measure: a thread a core, each with a part of its own, and loops that the compiler
// vectorises. As STREAM does it, but for the threads, which here are started anew for each loop.
class plain_threads {
public:
    static double sum(const double* from, std::size_t count) {
        std::vector<double> totals(threads());
        in_parts(count, [&](std::size_t which, std::size_t begin, std::size_t end) {
            double several[8] = {};
            std::size_t i = begin;
            for (; i + 8 <= end; i += 8)
                for (std::size_t k = 0; k < 8; ++k) several[k] += from[i + k];
            for (; i < end; ++i) several[0] += from[i];
            for (const double each : several) totals[which] += each;
        });
        double total = 0;
        for (const double each : totals) total += each;
        return total;
    }
    static std::size_t count_below(const int* from, std::size_t count, int bound) {
        std::vector<std::size_t> totals(threads());
        in_parts(count, [&](std::size_t which, std::size_t begin, std::size_t end) {
            std::size_t total = 0;
            // In pieces: a vector of 32-bit counters is twice as fast as one of 64-bit ones.
            for (std::size_t piece = begin; piece < end; piece += 4096) {
                unsigned found = 0;
                for (std::size_t i = piece; i < std::min(piece + 4096, end); ++i)
                    found += from[i] < bound ? 1U : 0U;
                total += found;
            }
            totals[which] = total;
        });
        std::size_t total = 0;
        for (const std::size_t each : totals) total += each;
        return total;
    }
    static void scale(const double* from, double* to, std::size_t count, double by) {
        in_parts(count, [&](std::size_t, std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i) to[i] = from[i] * by;
        });
    }

private:
    static std::size_t threads() { return std::thread::hardware_concurrency(); }

    template <class F>
    static void in_parts(std::size_t count, F&& f) {
        const std::size_t parts = threads();
        std::vector<std::thread> others;
        for (std::size_t i = 1; i < parts; ++i)
            others.emplace_back([&, i] { f(i, count * i / parts, count * (i + 1) / parts); });
        f(0, 0, count / parts);
        for (std::thread& each : others) each.join();
    }
};

// Prints "gb_s" from `bytes`, the median of several runs of `work`.
template <class F>
void report_bandwidth(double bytes, F&& work) {
    work();
    std::vector<double> rates;
    for (int i = 0; i < 5; ++i) {
        const double began = wall_seconds();
        work();
        rates.push_back(bytes * 1e-9 / (wall_seconds() - began));
    }
    print("gb_s", median_of(rates));
}

template <class Algorithms>
void report_sum(Algorithms& algorithms, std::size_t bytes) {
    const std::size_t count = bytes / sizeof(double);
    const std::vector<double> from(count, 0.5);
    report_bandwidth(static_cast<double>(bytes), [&] {
        demand(algorithms.sum(from.data(), count) == 0.5 * static_cast<double>(count), "sum");
    });
}

template <class Algorithms>
void report_count(Algorithms& algorithms, std::size_t bytes) {
    const std::size_t count = bytes / sizeof(int);
    std::vector<int> from(count);
    for (std::size_t i = 0; i < count; ++i) from[i] = static_cast<int>(i & 1023);
    report_bandwidth(static_cast<double>(bytes), [&] {
        const std::size_t found = algorithms.count_below(from.data(), count, 256);
        demand(found == count / 1024 * 256 + std::min<std::size_t>(count % 1024, 256), "count");
    });
}

template <class Algorithms>
void report_scale(Algorithms& algorithms, std::size_t bytes) {
    const std::size_t count = bytes / sizeof(double);
    const std::vector<double> from(count, 0.5);
    std::vector<double> to(count);
    report_bandwidth(2 * static_cast<double>(bytes), [&] {
        algorithms.scale(from.data(), to.data(), count, 3.0);
        demand(to.front() == 1.5 && to[count / 2] == 1.5 && to.back() == 1.5, "scale");
    });
}

}  // namespace twill::inline TWILL_ABI::bench
