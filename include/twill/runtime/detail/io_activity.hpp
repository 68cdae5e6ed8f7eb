// How the threads that compute know whether anybody beside them serves I/O, and when it got the CPU
// last: one for each runtime, written by its event worker, read by its compute pool.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

struct io_activity {
    // On the event worker's thread, when a turn at the reactor is over in which it might have
    // slept. Relaxed, here and in the readers: nothing is handed over by these two words, and who
    // reads an old value gives way once too often, or once too seldom.
    void turned(bool with_completions) noexcept {
        turns.store(turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        if (with_completions && !serving.load(std::memory_order_relaxed))
            serving.store(true, std::memory_order_relaxed);
    }

    alignas(64) atomic<std::uint64_t> turns{0};
    // Set by the event worker with the first completion, cleared by a compute worker that has seen
    // no turn for a while. A clearing that overtakes a setting lasts until the next completion.
    atomic<bool> serving{false};
};

}  // namespace twill::inline TWILL_ABI::detail
