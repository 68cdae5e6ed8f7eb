// How much is enough: TWILL_STRESS=1000 makes a stress test take minutes; without it, it shows that
// the test itself works.
#pragma once

#include <algorithm>
#include <cstdlib>

namespace twill_test {

inline long times_stress(long unit) {
    const char* const factor = std::getenv("TWILL_STRESS");
    return unit * (factor != nullptr ? std::max(1L, std::atol(factor)) : 1);
}

}  // namespace twill_test
