// An allocator that knows each block that it ever gave: where it was allocated and freed, and that
// a freed block is freed.
//
// Blocks of one size class lie side by side in slabs of 64 KiB, larger ones have slabs of their
// own, and what is known of them is kept elsewhere, where the program cannot overwrite it. So any
// address leads to its block by a division. A freed block is filled with junk and waits in a
// quarantine before it is given again: first in, first out. Addresses do not depend on chance: the
// same calls give the same addresses wherever the kernel grants the usual place.
//
//     void* p = blocks.allocate(24, {thread, place});
//     switch (blocks.release(p, {thread, place})) ...       // freed, or twice, or never given
//     heap::block* b = blocks.find(address);                // whose is that?
//
// Not thread-safe: its client has the lock.
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <cstdint>

#include "call_tree.hpp"
#include "pages.hpp"

namespace twill::inline TWILL_ABI::check {

class heap {
public:
    // A freed block comes back when so much was freed after it.
    static constexpr std::size_t quarantine_bytes = std::size_t{16} << 20;
    static constexpr std::size_t quarantine_blocks = std::size_t{1} << 16;
    static constexpr unsigned char junk = 0xdb;

    // Who did it, and where.
    struct origin {
        std::uint32_t thread = 0;
        call_id place = 0;
    };

    enum class state : std::uint8_t { never_used, allocated, freed, reusable };

    struct block {
        std::uintptr_t address;
        std::size_t size;  // as it was asked for
        origin allocated;
        origin freed;
        std::uint32_t next;   // in the quarantine, or among the reusable of its class
        std::uint32_t slabs;  // of a large block
        std::uint16_t size_class;
        state now;
    };

    enum class release_result : std::uint8_t { freed, twice, not_its_begin, not_a_block };

    constexpr heap() noexcept = default;
    heap(const heap&) = delete;
    heap& operator=(const heap&) = delete;

    // `size` bytes at a multiple of `alignment` (a power of two), whatever lies there; zeroes if
    // `zeroed`. Null: there is no memory.
    void* allocate(std::size_t size, origin by, std::size_t alignment = 16,
                   bool zeroed = false) noexcept;
    // On anything but `freed`, nothing has happened.
    release_result release(void* begin, origin by) noexcept;
    // Makes a block larger or smaller where it is. False: that cannot be; nothing has happened.
    // Only ever true of large ones, and where less than half would be left unused.
    bool resize(void* begin, std::size_t size) noexcept;

    // The block that the byte at `address` belongs to, with the unused bytes behind it, whether it
    // is allocated or was freed. Null: the byte was never given.
    [[nodiscard]] block* find(std::uintptr_t address) noexcept;
    // How many bytes the block may have without moving.
    [[nodiscard]] std::size_t capacity(const block& which) const noexcept;

    [[nodiscard]] bool contains(std::uintptr_t address) const noexcept {
        return memory_.contains(address);
    }

private:
    static constexpr std::uint16_t large_class = 0xffff;
    static constexpr std::size_t most_classes = 40;

    // A slab is one class's, or a large block's.
    struct slab {
        std::uint32_t first_block;  // or the large block itself; 0: not in use
        std::uint16_t size_class;
    };
    struct class_state {
        std::uint32_t reusable;  // a list by `block::next`
        std::uint32_t at, end;   // blocks of the newest slab that were never used
    };

    bool start() noexcept;
    std::uint32_t make_blocks(std::size_t count) noexcept;
    std::uintptr_t take_slabs(std::size_t count, std::size_t alignment, slab what) noexcept;
    std::uint32_t take_small(std::uint16_t size_class) noexcept;
    std::uint32_t take_large(std::size_t size, std::size_t alignment) noexcept;
    void detain(std::uint32_t freed) noexcept;
    void let_go() noexcept;

    growing_pages memory_;
    growing_array<slab> slabs_;
    growing_array<block> blocks_;
    std::uintptr_t first_slab_ = 0;
    class_state classes_[most_classes]{};
    std::uint32_t reusable_large_ = 0;
    std::uint32_t oldest_ = 0, youngest_ = 0;  // the quarantine, a list by `block::next`
    std::size_t waiting_bytes_ = 0, waiting_blocks_ = 0;
};

}  // namespace twill::inline TWILL_ABI::check
