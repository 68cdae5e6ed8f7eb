// For tests: which instruction sets the kernels are compiled for, and using only one.
#pragma once

#include <twill/core/config.hpp>

#include <cstdint>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace detail::kernels {

// Those that were compiled and that this machine can run, as Highway's masks; empty without
// Highway.
[[nodiscard]] TWILL_API std::vector<std::int64_t> runnable_targets();

// From here on the kernels use `target`; 0: the best. While no kernel runs.
TWILL_API void use_target(std::int64_t target);

}  // namespace detail::kernels
}  // namespace twill::inline TWILL_ABI
