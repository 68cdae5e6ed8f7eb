// Signals that the program sends to itself: each is kept until the thread that it is for has its
// next turn, and its handler runs then, in that thread, as a part of the schedule.
#pragma once

#include "check/thread.hpp"

#include <cstdint>

namespace twill::inline TWILL_ABI::check {

inline std::uint64_t bit_of_signal(int number) noexcept {
    return std::uint64_t{1} << static_cast<unsigned>(number - 1);
}

// What the calling thread blocks, as the kernel has it.
std::uint64_t blocked_signals() noexcept;
// Those that are there for this thread, or for the process, and that it does not block.
bool has_signals(const thread& of) noexcept;
// Runs their handlers. `by`: also what it waits for may be given up for one (EINTR). True: it is.
bool handle_signals(thread& me, action waiting) noexcept;

}  // namespace twill::inline TWILL_ABI::check
