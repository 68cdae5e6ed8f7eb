// Runs one kernel on one runtime, checks what it gives, and prints how long it took:
// `PROGRAM NAME SIZE THREADS`, for twill and for its peers in C++.
#pragma once

#include <twill/core/config.hpp>

#include "common/meter.hpp"
#include "par/kernels/integrate.hpp"
#include "par/kernels/matmul.hpp"
#include "par/kernels/queens.hpp"
#include "par/kernels/skynet.hpp"
#include "par/kernels/tree.hpp"
#include "par/kernels/uts.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

inline void demand(bool right, std::string_view what) {
    if (right) return;
    std::fprintf(stderr, "%.*s: wrong result\n", static_cast<int>(what.size()), what.data());
    std::exit(1);
}

inline double median_of(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2),
                     values.end());
    return values[values.size() / 2];
}

// Prints "ms" and "cpu_ms", the medians of as many calls of `work` as take 0.1 s together. A first
// one, in which threads start and memory arrives, does not count, unless it alone takes that long.
template <class F>
void report_runs(F&& work) {
    constexpr double enough = 0.1;
    std::vector<double> wall;
    std::vector<double> cpu;
    const auto once = [&] {
        const double began = wall_seconds();
        const double cpu_began = cpu_seconds();
        work();
        cpu.push_back((cpu_seconds() - cpu_began) * 1e3);
        wall.push_back((wall_seconds() - began) * 1e3);
        return wall.back() * 1e-3;
    };
    if (once() < enough) {
        wall.clear();
        cpu.clear();
        for (double total = 0; total < enough; total += once()) {
        }
    }
    print("ms", median_of(wall));
    print("cpu_ms", median_of(cpu));
}

template <class Runtime>
void run_tree(Runtime& runtime, int depth) {
    const tree_node* root = grow_tree(depth);
    report_runs([&] {
        demand(runtime.run([&](auto& here) { return tree_sum<Runtime>(here, root); }) ==
                   (1L << depth) - 1,
               "tree");
    });
}

template <class Runtime>
void run_queens(Runtime& runtime, int n) {
    report_runs([&] {
        demand(runtime.run([&](auto& here) { return count_queens<Runtime>(here, n, 0, {}); }) ==
                   queens_known.at(static_cast<std::size_t>(n)),
               "queens");
    });
}

// `size`: the depth of a geometric tree, the branching of a binomial root. The published sizes have
// a published number of nodes.
template <class Runtime>
void run_uts(Runtime& runtime, uts_tree tree, int size) {
    int& published = tree.geometric ? tree.depth : tree.branching;
    if (size != published) {
        published = size;
        serial::context none;
        tree.nodes = uts<serial>(none, tree);
    }
    report_runs([&] {
        demand(runtime.run([&](auto& here) { return uts<Runtime>(here, tree); }) == tree.nodes,
               "uts");
    });
}

template <class Runtime>
void run_integrate(Runtime& runtime, int end) {
    report_runs([&] {
        const double area =
            runtime.run([&](auto& here) { return integrate_to<Runtime>(here, end); });
        demand(std::abs(area / integral(end) - 1) < 1e-9, "integrate");
    });
}

template <class Runtime>
void run_skynet(Runtime& runtime, long leaves) {
    report_runs([&] {
        demand(runtime.run([&](auto& here) { return skynet<Runtime>(here, 0, leaves); }) ==
                   leaves * (leaves - 1) / 2,
               "skynet");
    });
}

template <class Runtime>
void run_matmul(Runtime& runtime, int n) {
    matrices m(static_cast<std::size_t>(n));
    report_runs([&] {
        std::fill(m.c.begin(), m.c.end(), 0.0);
        runtime.run([&](auto& here) {
            multiply<Runtime>(here, m.a.data(), m.b.data(), m.c.data(), m.size, m.size);
            return 0;
        });
    });
    demand(m.product_is_right(), "matmul");
}

// Exit status: 2 for a kernel that there is not.
template <class Runtime>
int run_kernel(std::string_view name, int size, unsigned threads) {
    Runtime runtime(threads);
    if (name == "tree")
        run_tree(runtime, size);
    else if (name == "queens")
        run_queens(runtime, size);
    else if (name == "uts-t1")
        run_uts(runtime, uts_t1, size);
    else if (name == "uts-t3")
        run_uts(runtime, uts_t3, size);
    else if (name == "integrate")
        run_integrate(runtime, size);
    else if (name == "skynet")
        run_skynet(runtime, size);
    else if (name == "matmul")
        run_matmul(runtime, size);
    else
        return 2;
    return 0;
}

}  // namespace twill::inline TWILL_ABI::bench
