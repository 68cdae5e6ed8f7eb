// Closing a descriptor that takes the kernel long.
//
// An inotify instance goes when nobody can still be looking at its watches: close() waits for that,
// a millisecond on an idle machine and ten or more on a busy one. A thread that runs tasks must not
// wait with it. So there a thread is made that does nothing else; it is not one of the blocking
// pool because a watcher does not know whose task it goes with, and may outlive its runtime.
#pragma once

#include <twill/core/config.hpp>
#include <twill/io/detail/descriptor.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

// At once, or, on a thread that runs tasks, a little later and elsewhere.
void close_slowly(descriptor which) noexcept;

// How many are being closed elsewhere.
[[nodiscard]] std::uint32_t slow_closes() noexcept;
// Waits while there are still `so_many`, but for no longer than 0.1 s: for one who finds no room
// for a further descriptor.
void wait_for_slow_close(std::uint32_t so_many) noexcept;

}  // namespace twill::inline TWILL_ABI::detail
