// What locks tell the watcher of their order; see lock_order.hpp.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>

#include <cstdint>
#include <source_location>

namespace twill::inline TWILL_ABI::detail::lock_order {

// Which lock it is: 0 until it is first watched. Never used again for another one.
using lock_number = atomic<std::uint32_t>;
// Of a lock that is held: 0 means that nobody watches it.
using record = std::uint32_t;

// Relaxed: who misses a change is watched from a moment later on.
TWILL_API extern atomic<bool> watching;
inline bool is_watching() noexcept { return watching.load(std::memory_order_relaxed); }

// `who`, a task or a thread, is about to wait for the lock, if it is not free.
TWILL_API void wants(lock_number& lock, const void* who, std::source_location where) noexcept;
// It has it.
[[nodiscard]] TWILL_API record holds(lock_number& lock, const void* who,
                                     std::source_location where) noexcept;
// And no longer.
TWILL_API void freed(record which) noexcept;
// The lock ends.
TWILL_API void ended(std::uint32_t lock) noexcept;

// The calling thread, where it is not a task that locks.
TWILL_API const void* this_thread() noexcept;

}  // namespace twill::inline TWILL_ABI::detail::lock_order
