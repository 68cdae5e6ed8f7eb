// Which signals a thread takes.
//
// Threads of the pools block what any thread could take, so that handlers run on the program's own
// threads. They do not block faults (a bad pointer, a division by zero), which only the thread can
// take that has made them: the kernel would end the program without calling the handler that a
// crash reporter or a sanitizer has installed.
//
// A thread that comes to run tasks takes what the one takes that called `run`: a task that raises a
// signal, or asks for its thread's mask, need not know which of them it is on.
#pragma once

#include <twill/core/config.hpp>

#include <csignal>

namespace twill::inline TWILL_ABI::detail {

// What threads of the pools block.
[[nodiscard]] sigset_t signals_of_the_program() noexcept;
// What the calling thread blocks.
[[nodiscard]] sigset_t signals_blocked_here() noexcept;
// From now on the calling thread blocks `these` and no others.
void block_signals(const sigset_t& these) noexcept;

// The same while it lives.
class blocked_signals {
public:
    explicit blocked_signals(const sigset_t& these) noexcept;
    ~blocked_signals() { block_signals(before_); }
    blocked_signals(const blocked_signals&) = delete;
    blocked_signals& operator=(const blocked_signals&) = delete;

private:
    sigset_t before_;
};

}  // namespace twill::inline TWILL_ABI::detail
