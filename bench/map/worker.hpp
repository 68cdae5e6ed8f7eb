// Workers that stay (`twill map --worker`): what an input costs when no process is started for it.
#pragma once

#include <twill/core/config.hpp>

#include "common/row.hpp"
#include "common/suite.hpp"

#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

// `command`: twill's.
std::vector<row> worker_rows(const settings& how, const std::string& command);

// The worker: answers each input with itself.
int be_worker();

}  // namespace twill::inline TWILL_ABI::bench
