// Memory for as many elements as a large range has, used once and by several threads.
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>

namespace twill::inline TWILL_ABI {
namespace detail {

// Uninitialised, aligned for anything that says no more than alignas(64). Large blocks ask the
// kernel for huge pages: touching fresh memory in pages of 4 KiB takes longer than filling it.
// Throws std::bad_alloc.
[[nodiscard]] TWILL_API void* allocate_side_memory(std::size_t bytes);
// `bytes` as they were asked for.
TWILL_API void release_side_memory(void* memory, std::size_t bytes) noexcept;

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
