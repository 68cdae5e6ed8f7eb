// The main function of the peers that run the kernels and loops of bench/par: `PROGRAM NAME
// ARGUMENTS...`, as twill_bench_par takes them.
#pragma once

#include "par/bandwidth.hpp"
#include "par/data.hpp"
#include "par/kernels/run.hpp"
#include "par/loops.hpp"
#include "par/pool.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

// `Loops`: on all cores, for loops.hpp and bandwidth.hpp. False: there is no such program.
template <class Loops>
bool run_peer_loops(std::string_view name, const char* argument) {
    Loops loops;
    if (name == "loop")
        report_loops(loops, argument);
    else if (name == "sum")
        report_sum(loops, std::strtoul(argument, nullptr, 10));
    else if (name == "count")
        report_count(loops, std::strtoul(argument, nullptr, 10));
    else if (name == "scale")
        report_scale(loops, std::strtoul(argument, nullptr, 10));
    else
        return false;
    return true;
}

// What of data.hpp `Data` has.
template <class Data>
bool run_peer_data(std::string_view name, std::size_t count) {
    Data data;
    if constexpr (requires(std::vector<record>& all) { data.sort_records(all); })
        if (report_sorts(data, name, count) || report_object_sorts(data, name, count)) return true;
    if constexpr (requires(const std::vector<double>& from, std::vector<double>& to) {
                      data.scan(from, to);
                  })
        if (name == "scan") return report_scan(data, count), true;
    if constexpr (requires(const std::vector<std::uint32_t>& all) { data.histogram(all); })
        if (name == "histogram") return report_histogram(data, count), true;
    if constexpr (requires(const std::vector<std::uint64_t>& all) {
                      data.group(all, [](auto&& work) { work(); });
                  })
        if (name == "group") return report_group(data, count), true;
    if constexpr (requires(const std::vector<std::uint64_t>& all) { data.count_keys(all); })
        if (name == "tally") return report_tally(data, count), true;
    return false;
}

// `Loops` for pool.hpp, too.
template <class Runtime, class Loops, class Fib>
int peer_main(int argc, char** argv, Fib&& fib) {
    const std::string_view name = argc > 2 ? argv[1] : "";
    int status = 2;
    if (name == "fib") {
        status = fib();
    } else if (argc > 2 && (run_peer_loops<Loops>(name, argv[2]) ||
                            run_pool<Loops>(name, std::atof(argv[2])))) {
        status = 0;
    } else if (argc > 2 && run_peer_data<Loops>(name, std::strtoul(argv[2], nullptr, 10))) {
        status = 0;
    } else if (argc > 3) {
        status = run_kernel<Runtime>(name, std::atoi(argv[2]),
                                     static_cast<unsigned>(std::atoi(argv[3])));
    }
    if (status == 2) std::fprintf(stderr, "%s: there is no such program\n", argv[0]);
    return status;
}

}  // namespace twill::inline TWILL_ABI::bench
