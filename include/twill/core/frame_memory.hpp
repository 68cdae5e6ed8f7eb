// Memory for coroutine frames and other short-lived nodes of tasks.
//
// Each thread keeps the blocks that were freed on it, by size class of 64 bytes up to 2 KiB and up
// to 8 MiB in all; larger ones, and those beyond, go to the global allocator. Under the address
// sanitizer every block is its own allocation, so that a use after free is seen.
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>

namespace twill::inline TWILL_ABI::detail {

// Throws std::bad_alloc. Aligned for every type without extended alignment. Any thread.
[[nodiscard]] TWILL_API void* allocate_frame(std::size_t size);

// `size` as at the allocation. Any thread, not only the allocating one.
TWILL_API void free_frame(void* block, std::size_t size) noexcept;

}  // namespace twill::inline TWILL_ABI::detail
