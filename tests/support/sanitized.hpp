// Whether this build is instrumented: what tests say about memory and stack holds for ordinary
// builds only.
#pragma once

#include <twill/core/config.hpp>

namespace twill_test {

#ifdef TWILL_ASAN
inline constexpr bool address_sanitized = true;
#else
inline constexpr bool address_sanitized = false;
#endif
#ifdef TWILL_TSAN
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = address_sanitized;
#endif

}  // namespace twill_test
