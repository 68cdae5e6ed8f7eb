// Waiting for descriptors: pipes, sockets, event counters, and sets of them.
//
// The kernel keeps their state, and is asked: an operation that might wait is tried without waiting
// once it is the thread's turn, and a thread that has to wait is blocked until a poll with no
// timeout says that its descriptors are ready. So threads of the program wait for each other under
// the scheduler's eyes. What comes from elsewhere, a terminal or a peer in another process, is no
// part of any schedule: when nobody else can run it is waited for a little, and then the run ends
// and says so.
#pragma once

#include "check/scheduler.hpp"

#include <poll.h>

#include <cstdint>

namespace twill::inline TWILL_ABI::check {

// As the object of a step.
inline const void* descriptor_object(int descriptor) noexcept {
    return reinterpret_cast<const void*>(static_cast<std::intptr_t>(descriptor) + 1);
}
inline int descriptor_of(const void* object) noexcept {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(object) - 1);
}

enum class descriptor_kind { file, waits, none };  // `waits`: operations on it can
descriptor_kind kind_of_descriptor(int descriptor) noexcept;

// A scheduling point. Waits until one of them is ready, or the virtual time has come.
wait_end wait_for_descriptors(const step& next, pollfd* all, std::size_t count,
                              std::uint64_t deadline) noexcept;

// Happens-before from what is written to what is read. Ends of a pipe know each other; all other
// descriptors pass for one, which hides races at worst.
void descriptor_acquired(int descriptor) noexcept;
void descriptor_released(int descriptor) noexcept;

// When nobody can run. True: some descriptors are ready after all. Does not return if what is
// waited for must come from outside of the program, and does not come.
bool something_came_in() noexcept;

}  // namespace twill::inline TWILL_ABI::check
