// Where the heaps of frame_memory.cpp get their memory: spans of 256 KiB, at addresses that are
// multiples of that, so that a block's span is found from its address. A model has small ones, and
// small batches: what happens when they are full is what it is for.
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

struct frame_heap;

struct free_block {
    free_block* next;
};

// The beginning of a span. Its blocks are all of one size, and belong to one heap while any of them
// is in use. Touched by the heap's thread alone, but for `home`.
struct frame_span {
    // Freed blocks. Blocks from `fresh` to `end` have never been given out.
    free_block* free = nullptr;
    std::byte* fresh = nullptr;
    std::byte* end = nullptr;
    std::uint32_t used = 0;
    std::uint32_t block_size = 0;
    // Read by whoever frees a block, which is in use so far: it does not change meanwhile.
    frame_heap* home = nullptr;
    // In the heap's list of spans that have room, or in the reserve.
    frame_span* next = nullptr;
    frame_span* previous = nullptr;
    bool listed = false;
};

#ifdef TWILL_DOORS
inline constexpr std::size_t span_size = std::size_t{4} << 10U;
inline constexpr unsigned batch_size = 2;
#else
inline constexpr std::size_t span_size = std::size_t{256} << 10U;
// Of blocks that go home together.
inline constexpr unsigned batch_size = 64;
#endif
inline constexpr std::size_t idle_bytes_kept = std::size_t{8} << 20U;

inline frame_span& span_of(void* block) noexcept {
    return *reinterpret_cast<frame_span*>(reinterpret_cast<std::uintptr_t>(block) &
                                          ~(span_size - 1));
}

// From the reserve, else from the system. Null: there is none. Any thread, as the others.
frame_span* take_span() noexcept;
// None of its blocks is in use.
void give_span_back(frame_span& idle) noexcept;
// A few spans of those in the reserve beyond `idle_bytes_kept` go back to the system.
void shrink_reserve() noexcept;
std::size_t reserve_bytes() noexcept;

}  // namespace twill::inline TWILL_ABI::detail
