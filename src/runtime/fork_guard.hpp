// A child made by `fork` without exec shares the parent's epoll and eventfd descriptors and has
// none of its threads: continuing a runtime there would steal the parent's events. The first turn
// of an event worker in such a child ends the child with a message instead. A runtime that the
// child makes for itself is sound: so each worker remembers the generation that it was made in.
#pragma once

#include <twill/core/config.hpp>

namespace twill::inline TWILL_ABI::detail {

// Arranges the check, once in a process. Any thread.
void watch_for_fork() noexcept;

// How many forks lie between this process and the one that called `watch_for_fork` first. Any
// thread.
[[nodiscard]] unsigned fork_generation() noexcept;

// Ends the process, with a message, if it was forked since generation `born_in`.
void end_if_forked(unsigned born_in) noexcept;

}  // namespace twill::inline TWILL_ABI::detail
