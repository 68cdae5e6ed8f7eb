// The main function of the peers that run the kernels and loops of bench/par: `PROGRAM NAME
// ARGUMENTS...`, as twill_bench_par takes them.
#pragma once

#include "par/kernels/run.hpp"
#include "par/loops.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace twill::inline TWILL_ABI::bench {

template <class Runtime, class Loops, class Fib>
int peer_main(int argc, char** argv, Fib&& fib) {
    const std::string_view name = argc > 2 ? argv[1] : "";
    int status = 2;
    if (name == "fib") {
        status = fib();
    } else if (name == "loop") {
        Loops loops;
        report_loops(loops, argv[2]);
        status = 0;
    } else if (argc > 3) {
        status = run_kernel<Runtime>(name, std::atoi(argv[2]),
                                     static_cast<unsigned>(std::atoi(argv[3])));
    }
    if (status == 2) std::fprintf(stderr, "%s: there is no such program\n", argv[0]);
    return status;
}

}  // namespace twill::inline TWILL_ABI::bench
