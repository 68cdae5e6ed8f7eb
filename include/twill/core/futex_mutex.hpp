// A mutex of four bytes that sleeps in the kernel, for the small critical sections inside twill
// (a timer wheel, a list of children, a socket's waiters). Usable with std::lock_guard.
//
//     futex_mutex lock_;
//     std::lock_guard hold(lock_);
//
// States of `word_` (Drepper, "Futexes are tricky", 2011, mutex2):
//   0 free; 1 held, nobody waits; 2 held, somebody may wait.
// A thread sleeps only after it has set 2 itself, and whoever unlocks from 2 wakes one: so no
// sleeper is forgotten. The woken one takes the lock as 2, because it cannot know whether others
// still sleep. Acquire on taking and release on freeing order the sections.
#pragma once

#include <twill/core/atomic.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI {

class TWILL_API futex_mutex {
public:
    void lock() noexcept {
        std::uint32_t free = 0;
        if (!word_.compare_exchange_strong(free, 1, std::memory_order_acquire,
                                           std::memory_order_relaxed))
            lock_slowly();
    }
    bool try_lock() noexcept {
        std::uint32_t free = 0;
        return word_.compare_exchange_strong(free, 1, std::memory_order_acquire,
                                             std::memory_order_relaxed);
    }
    // Whether nobody holds it at the moment. Acquire: what its last holder did is seen.
    [[nodiscard]] bool is_free() const noexcept {
        return word_.load(std::memory_order_acquire) == 0;
    }
    // The mutex may be gone once it is free: what comes after that only names its address, where
    // the kernel finds nobody, or wakes for nothing one who looks again.
    void unlock() noexcept {
        if (word_.exchange(0, std::memory_order_release) == 2) wake_one();
    }

private:
    void lock_slowly() noexcept;
    void wake_one() noexcept;

    atomic<std::uint32_t> word_{0};
};

}  // namespace twill::inline TWILL_ABI
