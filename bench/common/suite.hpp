// The main function of a suite.
//
//     std::vector<bench::row> rows(const bench::settings& how) { ... }
//     int run(const bench::words& argv) { ... }
//     int main(int argc, char** argv) { return bench::suite_main(argc, argv, "map", rows, run); }
//
// The program takes --rounds N, --quick (small sizes, to try the code), --only TEXT (rows whose
// name has TEXT in it) and --out FOLDER; see docs/benchmarks.md. As `twill_bench_NAME run WORDS...`
// it is one of the programs that the suite measures: each of them has a process of its own.
#pragma once

#include <twill/core/config.hpp>

#include "common/row.hpp"
#include "common/words.hpp"

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

struct settings {
    int rounds = 5;
    bool quick = false;
    std::string only = {};                        // empty: all
    std::filesystem::path out = "build/bench";    // where NAME.json goes
    std::filesystem::path peers = "build/peers";  // what scripts/bench-peers has built
    std::filesystem::path self = {};              // this program

    // Whether a group of rows named so is wanted.
    [[nodiscard]] bool wants(std::string_view name) const {
        return name.find(only) != std::string_view::npos;
    }
    // `full`, or a hundredth of it for a quick run; at least 1.
    [[nodiscard]] long size(long full) const { return quick ? (full + 99) / 100 : full; }
};

using measure_rows = std::function<std::vector<row>(const settings&)>;

// Rows that are measured together, under a name that --only picks.
struct row_group {
    std::string_view name;
    measure_rows measure;
};
// The rows of those groups that are wanted.
[[nodiscard]] std::vector<row> wanted_rows(const settings& how,
                                           std::initializer_list<row_group> groups);

// Is one of the suite's own programs, which the words name. Returns its exit status, 2 when there
// is none of that name; may throw.
using run_program_of_suite = std::function<int(const words&)>;

// Runs the suite, prints its table and writes its JSON; or is one of its programs. Returns the exit
// status of the program: 0, 1 when a binding target was missed or such a program failed, 2 for a
// wrong command line, 3 when it could not be measured.
int suite_main(int argc, char** argv, std::string_view name, const measure_rows& rows,
               const run_program_of_suite& run = {});

}  // namespace twill::inline TWILL_ABI::bench
