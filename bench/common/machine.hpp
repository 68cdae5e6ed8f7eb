// Where figures were measured: without it they mean nothing.
#pragma once

#include <twill/core/config.hpp>

#include <string>

namespace twill::inline TWILL_ABI::bench {

struct machine {
    std::string cpu;       // "AMD EPYC"
    unsigned cores = 0;    // that this process may use
    std::string kernel;    // "Linux 6.18.5"
    std::string compiler;  // that built the suite
    double load = 0;       // one-minute load average before the suite: what else went on
};

[[nodiscard]] machine this_machine();

}  // namespace twill::inline TWILL_ABI::bench
