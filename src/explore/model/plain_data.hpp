// Races on plain data: two accesses, one of them a write, that nothing orders.
//
// Each byte keeps the last write and the reads since, as epochs (Flanagan and Freund's FastTrack).
// The accesses are told by `var<T>`, or by the compiler's own instrumentation of the whole program
// under test (plain_hooks.cpp). Accesses by atomics are told as well, as such: they race with plain
// ones only, which finds an object that is gone while others still use its atomics.
#pragma once

#include "../numbering.hpp"
#include "../vector_clock.hpp"

#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI::explore::model {

class world;

class plain_data {
public:
    plain_data(world& in, arena& from) noexcept;

    // `code`: where, for the report; may be null.
    void read(const void* address, std::size_t size, const void* code) noexcept;
    void write(const void* address, std::size_t size, const void* code) noexcept;
    void atomic(const void* address, std::size_t size, bool writes) noexcept;
    // The memory was given back: any access from here on is one too late.
    void end(const void* address, std::size_t size) noexcept;
    // It is new to the program, and has no past.
    void begin(const void* address, std::size_t size) noexcept;

private:
    static constexpr std::size_t word = 8;  // bytes that are looked up together

    // Bytes of one word that were always accessed together.
    struct part {
        part(part* behind, std::uint8_t bytes) noexcept : next(behind), which(bytes) {}

        part* next;
        std::uint8_t which;   // a bit for each byte
        bool shared = false;  // `reads` counts
        bool ended = false;
        epoch write;
        epoch read;            // the last one
        vector_clock reads;    // all since the last write, once there were several readers
        vector_clock atomics;  // the last use by an atomic, by thread
        vector_clock atomic_writes;
        const void* wrote = nullptr;
        const void* has_read = nullptr;
    };

    template <class Visit>
    void visit(const void* address, std::size_t size, const Visit& visit_part) noexcept;
    template <class Visit>
    void visit_in(part*& first, std::uint8_t which, const Visit& visit_part) noexcept;
    part* new_part(part* next, std::uint8_t which) noexcept;
    part* split(part& from, std::uint8_t which) noexcept;
    [[nodiscard]] bool knows(epoch event) const noexcept;
    [[nodiscard]] bool knows(const vector_clock& events) const noexcept;
    [[noreturn]] void race(const char* mine, const char* other, const void* code,
                           const void* other_code, thread_id with);

    world& world_;
    arena& arena_;
    numbering numbers_;
    row<part*> words_;  // by number; 0 unused
};

}  // namespace twill::inline TWILL_ABI::explore::model
