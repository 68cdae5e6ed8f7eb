// Hazard pointers (Maged Michael, 2004): what is read is not freed, and readers wait for nobody.
//
// A reader has a slot, and writes there what it is about to read; a writer that has taken something
// out of its place frees it once no slot has it.
//   1. The reader loads the pointer from its place, stores it into its slot, and loads it again. If
//      it is still there, it may read until it clears the slot. If not, it tries the new one.
//   2. The writer exchanges the pointer, then looks at all slots.
// The store in 1 and the exchange in 2 are sequentially consistent, and so are the second load in 1
// and the look in 2: either the writer sees the slot, or the reader sees that the place has
// changed. A slot that is set to something afterwards is set to what was in the place later.
// Slots are in a list that only grows; it has as many as there ever were readers at once. A thread
// keeps some for itself, so that taking one is a few plain instructions, but a slot belongs to
// whoever reads, not to a thread: it may be taken by one and given back by another.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>

#include <cstddef>

namespace twill::inline TWILL_ABI::detail {

struct alignas(64) hazard_slot {
    atomic<const void*> reads{nullptr};
    atomic<bool> taken{true};
    hazard_slot* next = nullptr;  // in the list of all
};

class TWILL_API hazard_slots {
public:
    constexpr hazard_slots() noexcept = default;
    hazard_slots(const hazard_slots&) = delete;
    hazard_slots& operator=(const hazard_slots&) = delete;

    // A free one, or a new one. Throws std::bad_alloc.
    hazard_slot& take();
    static void give_back(hazard_slot& one) noexcept {
        // Release pairs with the acquire in `take`.
        one.taken.store(false, std::memory_order_release);
    }
    // Whether somebody reads it, or may be about to. It must be out of its place.
    [[nodiscard]] bool anyone_reads(const void* what) const noexcept;
    // Those of a model; in the library they stay.
    void free_all() noexcept;

private:
    atomic<hazard_slot*> first_{nullptr};
};

// Those of all readers, with a few at hand for each thread. (A door: models have their own.)
TWILL_API hazard_slot& take_hazard_slot();
TWILL_API void give_hazard_slot_back(hazard_slot& one) noexcept;
TWILL_API bool anyone_reads(const void* what) noexcept;

// What is at `place`, kept from being freed until the slot is cleared.
template <class T>
T* read_through(hazard_slot& slot, const atomic<T*>& place) noexcept {
    T* it = place.load(std::memory_order_relaxed);
    for (;;) {
        slot.reads.store(it, std::memory_order_seq_cst);
        T* const still = place.load(std::memory_order_seq_cst);
        if (still == it) return it;
        it = still;
    }
}
inline void read_no_more(hazard_slot& slot) noexcept {
    // Release pairs with the load in `anyone_reads`: it is freed after it was read.
    slot.reads.store(nullptr, std::memory_order_release);
}

}  // namespace twill::inline TWILL_ABI::detail
