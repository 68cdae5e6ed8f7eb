// The model held against the pool: on more workers than there are cores, with leaves that sleep
// instead of computing.
#pragma once

#include <twill/core/config.hpp>

#include "model/costs.hpp"

#include <vector>

namespace twill::inline TWILL_ABI::bench {

struct rehearsed {
    const char* what;
    unsigned workers;
    double pool;       // speed-up
    double model;      // the same, as predicted
    double in_blocks;  // the same, if loops of forks began their iterations in blocks
};

// A few seconds.
[[nodiscard]] std::vector<rehearsed> rehearse(const costs& cost);

}  // namespace twill::inline TWILL_ABI::bench
