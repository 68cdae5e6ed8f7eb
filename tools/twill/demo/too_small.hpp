// Row "too small": the sum of 100 numbers, a million times.
#pragma once

#include "twill/demo/row.hpp"

namespace twill_command::demo {

row too_small(const sizes& how_much);

}  // namespace twill_command::demo
