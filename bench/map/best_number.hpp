// `-j auto` beside the best number that one could have written after -j.
#pragma once

#include "common/row.hpp"
#include "common/suite.hpp"

#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

// A row for each workload: the time of the list with -j auto, and with the number that was best in
// a search over all that could be, measured again beside it.
std::vector<row> best_number_rows(const settings& how, const std::string& twill_command);

}  // namespace twill::inline TWILL_ABI::bench
