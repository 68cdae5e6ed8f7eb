// Who the suite's HTTPS servers are.
#pragma once

#include <twill/core/config.hpp>

#include <string>

namespace twill::inline TWILL_ABI::bench {

struct identity_files {
    std::string certificate;
    std::string key;
};

// A certificate of our own making with a P-256 key, made at the first call in a folder that goes
// with the program. Throws std::runtime_error.
[[nodiscard]] const identity_files& identity();

}  // namespace twill::inline TWILL_ABI::bench
