// Resuming one coroutine from another without growing the stack.
//
// Symmetric transfer needs a tail call. Compilers guarantee it in ordinary builds (GCC below -O2
// only with -foptimize-sibling-calls, which the build adds) but not under the sanitizers; there the
// handle is left in a per-thread place, and the loop that resumed the first coroutine goes on with
// it.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>

#include <coroutine>
#include <source_location>

#if defined(TWILL_ASAN) || defined(TWILL_TSAN)
#define TWILL_TRAMPOLINE 1
#endif

namespace twill::inline TWILL_ABI::detail {

// Where the task was spawned that this thread runs now, or ran last: for who watches the thread. A
// place and not the task's context, which may be gone when another thread looks at it.
using running_place = atomic<std::source_location>;
static_assert(running_place::is_always_lock_free);
TWILL_INITIAL_EXEC extern TWILL_API constinit TWILL_THREAD_LOCAL running_place running;

// This thread goes on with a task that was spawned at `place`. Not to be called by a coroutine,
// which may find itself on another thread after a suspension.
inline void note_running(const std::source_location& place) noexcept {
    // Relaxed: what a place refers to is constant.
    running.store(place, std::memory_order_relaxed);
}

// Runs `handle`, and whatever it transfers to, until a coroutine suspends without a successor.
TWILL_API void resume(std::coroutine_handle<> handle) noexcept;

#ifdef TWILL_TRAMPOLINE
// Leaves `next` for the innermost `resume` of this thread.
TWILL_API void resume_next(std::coroutine_handle<> next) noexcept;
#endif

// What an `await_suspend` returns to go on with `next`; null means that nothing follows.
inline std::coroutine_handle<> transfer(std::coroutine_handle<> next) noexcept {
#ifdef TWILL_TRAMPOLINE
    if (next) resume_next(next);
    return std::noop_coroutine();
#else
    return next ? next : std::noop_coroutine();
#endif
}

}  // namespace twill::inline TWILL_ABI::detail
