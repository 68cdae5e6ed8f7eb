// Row "both": an echo service under open-loop load, while its program also computes.
#pragma once

#include "twill/demo/corpus.hpp"
#include "twill/demo/row.hpp"

namespace twill_command::demo {

// Throws twill::io_error when the machine refuses sockets.
row mixed(const corpus& files, const sizes& how_much);

}  // namespace twill_command::demo
