// Deadlocks by lock order, told before they happen.
//
//     TWILL_LOCK_ORDER=1 ./service         or, in its main:  twill::watch_lock_order();
//
// While it watches, who waits for a mutex, shared_mutex or guarded value while it holds another one
// is remembered, with both places in the source. When two tasks or threads have ever taken the same
// locks in different orders, however far apart in time, the cycle is reported once: they need only
// meet to wait for each other for ever. So is a task that waits for what it holds itself.
//
// It watches from the start in builds of the library without NDEBUG; TWILL_LOCK_ORDER=0 or 1 says
// otherwise. Watched, a lock costs some hundred nanoseconds more and goes through one lock of the
// process; unwatched, one load of a flag. What `select` locks is not watched, and a guard counts as
// held by the task or thread that locked it, as long as that lasts, even if it was moved to another
// one.
#pragma once

#include <twill/core/config.hpp>

#include <functional>
#include <string_view>

namespace twill::inline TWILL_ABI {

// Watches from now on. `report` takes each report, whole lines, one at a time, on the thread that
// is about to wait; it must not wait for what is watched, nor throw. Empty: they go to standard
// error. Any thread.
TWILL_API void watch_lock_order(std::function<void(std::string_view)> report = {});
// No more, and forgets what it has seen. Any thread.
TWILL_API void forget_lock_order() noexcept;

}  // namespace twill::inline TWILL_ABI
