// The main function of a suite.
//
//     std::vector<bench::row> rows(const bench::settings& how) { ... }
//     int main(int argc, char** argv) { return bench::suite_main(argc, argv, "map", rows); }
//
// The program takes --rounds N, --quick (small sizes, to try the code), --only TEXT (rows whose
// name has TEXT in it) and --out FOLDER; see docs/benchmarks.md.
#pragma once

#include <twill/core/config.hpp>

#include "common/row.hpp"

#include <filesystem>
#include <functional>
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

// Runs the suite, prints its table and writes its JSON. Returns the exit status of the program: 0,
// 1 when a binding target was missed, 2 for a wrong command line, 3 when it could not be measured.
int suite_main(int argc, char** argv, std::string_view name,
               const std::function<std::vector<row>(const settings&)>& rows);

}  // namespace twill::inline TWILL_ABI::bench
