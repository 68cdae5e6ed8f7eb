// The groups of rows of the suite, and what they have in common.
#pragma once

#include <twill/core/config.hpp>

#include "common/interleave.hpp"
#include "common/row.hpp"
#include "common/suite.hpp"

#include <optional>
#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

// A name in the table, the program that scripts/bench-peers made, and the words that come before
// those that all are given.
struct peer {
    const char* name;
    const char* program;
    words first = {};
    // Why there is no such program.
    const char* absent = "";
    // Of a very slow one.
    int most_rounds = 1000;
};

inline const peer onetbb{"oneTBB", "onetbb"};
inline const peer openmp_gcc{"OpenMP, gcc", "openmp"};
inline const peer openmp_clang{"OpenMP, clang", "openmp-clang"};
inline const peer rayon{"Rayon", "rayon"};
inline const peer chili{"chili", "chili"};
inline const peer std_par{"std::execution::par", "stdpar"};
inline const peer taskflow{"Taskflow", "", {}, "Debian 12 has no package of it"};

// What the program of each, ours first, prints when it is given `arguments`, as often as there are
// rounds. `cpu`: on that one only.
[[nodiscard]] std::vector<measurements> measure(const settings& how, const peer& ours,
                                                const std::vector<peer>& peers,
                                                const words& arguments,
                                                std::optional<unsigned> cpu = {});

[[nodiscard]] std::vector<row> fib_rows(const settings& how);
[[nodiscard]] std::vector<row> kernel_rows(const settings& how);
[[nodiscard]] std::vector<row> one_worker_rows(const settings& how);
[[nodiscard]] std::vector<row> loop_rows(const settings& how);
[[nodiscard]] std::vector<row> bandwidth_rows(const settings& how);
[[nodiscard]] std::vector<row> sort_rows(const settings& how);
[[nodiscard]] std::vector<row> data_rows(const settings& how);
[[nodiscard]] std::vector<row> region_rows(const settings& how);
[[nodiscard]] std::vector<row> wake_rows(const settings& how);
[[nodiscard]] std::vector<row> idle_rows(const settings& how);

}  // namespace twill::inline TWILL_ABI::bench
