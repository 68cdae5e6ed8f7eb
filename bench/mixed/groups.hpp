// The groups of rows, each measured in rounds of its own.
#pragma once

#include <twill/core/config.hpp>

#include "common/row.hpp"
#include "common/suite.hpp"
#include "mixed/experiment.hpp"

#include <vector>

namespace twill::inline TWILL_ABI::bench {

// Requests beside the job at three rates, and what either has when it is alone.
[[nodiscard]] std::vector<row> rate_rows(const settings& how, laboratory& lab);
// Beside processes that burn a core each.
[[nodiscard]] std::vector<row> hog_rows(const settings& how, laboratory& lab);
// A job of plain calls of 50 ms.
[[nodiscard]] std::vector<row> foreign_rows(const settings& how, laboratory& lab);
// A task that computes for 50 ms where it must not.
[[nodiscard]] std::vector<row> hostile_rows(const settings& how, laboratory& lab);
// Requests that are parallel work themselves.
[[nodiscard]] std::vector<row> scan_rows(const settings& how, laboratory& lab);
// Searches in files that are read again meanwhile.
[[nodiscard]] std::vector<row> reindexing_rows(const settings& how, laboratory& lab);
// In a control group with a quota of 1.5 CPUs.
[[nodiscard]] std::vector<row> quota_rows(const settings& how, laboratory& lab);

}  // namespace twill::inline TWILL_ABI::bench
