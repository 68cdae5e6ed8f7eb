// Memory for coroutine frames and other short-lived nodes of tasks, up to 2 KiB each; larger ones
// come from the global allocator. Blocks have no header and are rounded up to 16 bytes.
//
// Each thread has a heap of its own. What is freed on another thread goes home in batches; the
// memory of a thread that has ended serves the next one. What lies idle beyond 8 MiB goes back to
// the system little by little, whenever an event thread goes to sleep: the one that it belongs to,
// or any if its thread has ended. src/core/frame_memory.cpp has the design.
//
// Under the address and the thread sanitizer every block is an allocation of its own, so that they
// see a use after free. TWILL_FRAME_MEMORY=plain in the environment has the same effect, for
// valgrind and heap profilers.
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>

namespace twill::inline TWILL_ABI::detail {

// Throws std::bad_alloc. Aligned for every type without extended alignment. Any thread.
[[nodiscard]] TWILL_API void* allocate_frame(std::size_t size);

// `size` as at the allocation. Any thread, not only the allocating one.
TWILL_API void free_frame(void* block, std::size_t size) noexcept;

// The calling thread has nothing to do: what it holds of other threads' goes home, and a part of
// what lies idle goes back to the system. Takes some microseconds, or some tens of them, at most.
TWILL_API void tidy_frames() noexcept;

// Bytes that lie idle, in no thread's heap.
[[nodiscard]] TWILL_API std::size_t idle_frame_bytes() noexcept;

// For tests: from now on as with TWILL_FRAME_MEMORY=plain. False: some frames were made before, and
// nothing is changed.
TWILL_API bool use_plain_frames() noexcept;

}  // namespace twill::inline TWILL_ABI::detail
