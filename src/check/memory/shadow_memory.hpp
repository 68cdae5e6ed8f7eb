// What is known of each piece of the program's memory.
//
// The program's memory is seen as granules of 8 bytes. A granule's shadow holds the accesses that a
// later one could still race with, the objects that threads synchronise on there, and the granule's
// stable number. Shadow is made where the program comes by, 32 bytes for 8, and costs nothing
// elsewhere. One thread at a time uses it: the one that the explorer lets run.
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <cstdint>

#include "call_tree.hpp"
#include "explore/arena.hpp"
#include "explore/vector_clock.hpp"

namespace twill::inline TWILL_ABI::check {

// One access by one thread to some bytes of one granule.
struct access_record {
    // Bits. `freeing` only says more of a write: that it was a whole block's end.
    enum kind : std::uint8_t { plain_read = 0, write = 1, atomic = 2, freeing = 4 };

    call_id place;
    explore::tick time;  // of its thread
    std::uint32_t next;  // the granule's next record, in the pool; 0: none
    std::uint16_t thread;
    std::uint8_t bytes;  // bit i: byte i of the granule; 0: no access at all
    std::uint8_t kind;
};

// Something at one address that threads synchronise on: a mutex, an atomic.
struct sync_record {
    std::uintptr_t address;
    explore::vector_clock released;  // what an acquire learns
    std::uint32_t next;
};

struct alignas(32) granule {
    access_record newest;      // the others follow by `next`
    std::uint32_t sync;        // the first of the granule's sync records; 0: none
    std::uint32_t number;      // in the order of first use; 0: none yet
    std::uint16_t first_user;  // thread + 1; 0: nobody yet
    bool shared;               // more than one thread came by
    std::uint32_t visits;      // access_places.hpp: from where they came; 0: nothing is known
};

class shadow_memory {
public:
    static constexpr std::size_t granule_bytes = 8;
    using source = void* (*)(std::size_t bytes) noexcept;  // gives zeroes

    shadow_memory(explore::arena& memory, source pages) noexcept;

    // The granule that holds the byte at `address`; it is made if need be.
    [[nodiscard]] granule& at(std::uintptr_t address) noexcept;
    [[nodiscard]] granule* find(std::uintptr_t address) noexcept;  // null if never made

    // The name of the byte at `address` that is the same in each run of the same schedule.
    [[nodiscard]] std::uint64_t number(std::uintptr_t address) noexcept;

    // The pool of records behind the newest ones.
    [[nodiscard]] access_record& record(std::uint32_t index) noexcept { return records_[index]; }
    [[nodiscard]] std::uint32_t make_record(const access_record& copy) noexcept;
    void drop_record(std::uint32_t index) noexcept;

    // The sync object at `address`; `find_sync` gives null if there is none yet.
    [[nodiscard]] sync_record& sync(std::uintptr_t address) noexcept;
    [[nodiscard]] sync_record* find_sync(std::uintptr_t address) noexcept;

    // Forgets all about these bytes: they begin a new life (allocated, mapped, a new stack).
    void reset(std::uintptr_t address, std::size_t size) noexcept;

private:
    static constexpr std::size_t region_bytes = std::size_t{1} << 20;
    static constexpr std::size_t granules = region_bytes / granule_bytes;
    static constexpr std::size_t granules_a_page = 4096 / sizeof(granule);

    // The shadow of one aligned megabyte.
    struct region {
        bool touched[granules / granules_a_page];
        granule of[granules];
    };
    struct entry {
        std::uintptr_t number;  // address / region_bytes
        region* shadow;         // null: an empty place of the table
    };

    [[nodiscard]] region* find_region(std::uintptr_t number) noexcept;
    [[nodiscard]] region& make_region(std::uintptr_t number) noexcept;
    [[nodiscard]] entry& slot(std::uintptr_t number) noexcept;
    void reset(granule& which, std::uintptr_t from, std::uintptr_t to) noexcept;

    source pages_;
    explore::row<entry> regions_;  // open addressing
    std::size_t region_count_ = 0;
    entry last_{};  // the region that was used last
    explore::row<access_record> records_;
    std::uint32_t free_record_ = 0;  // a list by `next`
    explore::row<sync_record> syncs_;
    std::uint32_t free_sync_ = 0;
    std::uint32_t numbers_ = 0;
};

}  // namespace twill::inline TWILL_ABI::check
