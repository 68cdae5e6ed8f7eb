// Whether this thread runs tasks though it is none of a runtime's.
#pragma once

#include <twill/core/config.hpp>

namespace twill::inline TWILL_ABI::detail {

// Inside of a main_loop's `drain`.
[[nodiscard]] bool drains_a_main_loop() noexcept;

}  // namespace twill::inline TWILL_ABI::detail
