// At a deadlock: would a thread that waits for ever go on, if it were notified now? Then the
// notification that came when nobody waited was lost on it. Otherwise that one was for something
// else, and a report that named it would mislead.
//
// All else has been written down by then. The thread is let go, alone, until it shows what it does:
// it comes to wait there again, or to anything else. Nothing of what happens is kept.
#pragma once

#include "check/thread.hpp"

namespace twill::inline TWILL_ABI::check {

// Begins: the thread that is to go on. Null: there is nobody to try.
thread* begin_trial() noexcept;

// Whether one is going on. Then whoever runs is on trial.
bool is_on_trial() noexcept;

// Instead of a scheduling point before what `me` does next. Returns if that does not yet show it.
void stand_trial(thread& me) noexcept;
// The same for an access to memory.
void stand_trial_at_access() noexcept;
// It went on, and came to its end by that.
[[noreturn]] void end_trial_badly() noexcept;

}  // namespace twill::inline TWILL_ABI::check
