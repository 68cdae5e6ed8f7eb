// A child made by `fork` without exec shares the parent's epoll and eventfd descriptors and has
// none of its threads: continuing a runtime there would steal the parent's events, and work given
// to a compute pool would wait for ever. Such a child is ended with a message instead: at the next
// turn of an event worker; and where a thread begins a region of a compute pool, submits one, or
// would sleep in it. What the child makes for itself is sound: so each worker and each pool
// remembers the generation that it was made in.
//
//     watch_for_fork();                                      // when it is made
//     const unsigned born_in_ = fork_generation();
//     ...
//     end_if_forked(born_in_, forked_after::compute_pool);   // where it is used
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>

namespace twill::inline TWILL_ABI::detail {

enum class forked_after { runtime, compute_pool };

extern constinit atomic<unsigned> forks_since_watch;

// Arranges the check, once in a process. Any thread.
void watch_for_fork() noexcept;

// Another number in each process forked since `watch_for_fork` was called first. Any thread.
// Relaxed: it changes only in a new child, which has a single thread.
[[nodiscard]] inline unsigned fork_generation() noexcept {
    return forks_since_watch.load(std::memory_order_relaxed);
}

// Ends the process, with a message that says what stayed with the parent.
[[noreturn, gnu::cold, gnu::noinline]] void end_forked(forked_after what) noexcept;

// The same if it was forked since generation `born_in`.
inline void end_if_forked(unsigned born_in, forked_after what) noexcept {
    if (fork_generation() != born_in) [[unlikely]]
        end_forked(what);
}

}  // namespace twill::inline TWILL_ABI::detail
