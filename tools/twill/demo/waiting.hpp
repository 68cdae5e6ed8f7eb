// Row "waiting": many requests to a service that answers after 20 ms.
#pragma once

#include "twill/demo/row.hpp"

namespace twill_command::demo {

// Throws twill::io_error when the machine refuses sockets.
row waiting(const sizes& how_much);

}  // namespace twill_command::demo
