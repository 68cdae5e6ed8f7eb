// What ends a run from outside of any hook: fatal signals, and the server's patience.
#pragma once

#include <twill/core/config.hpp>

#include <sys/types.h>

namespace twill::inline TWILL_ABI::check {

// In a run: fatal signals leave a finding. The program's own handlers, set later, go before.
void catch_failures() noexcept;
// A thread of a run: where its handlers run, should its stack be used up.
void give_signal_stack(unsigned thread_index) noexcept;

inline constexpr int signal_spin = 1;
inline constexpr int signal_stuck = 2;
// In the server: the run is to leave a finding with the stacks of its threads, and to end.
void ask_for_stack(pid_t run, int why) noexcept;

}  // namespace twill::inline TWILL_ABI::check
