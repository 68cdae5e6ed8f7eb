// How late the kernel may wake a thread that sleeps by the clock: as a rule 50 us, so that it can
// let several timers fire together.
#pragma once

#include <twill/core/config.hpp>

namespace twill::inline TWILL_ABI::detail {

// From here on the calling thread is woken in time, and so are the threads that it starts.
void want_exact_timers() noexcept;

// What a new thread of twill's calls that has the usual slack, whoever started it.
void return_inherited_slack() noexcept;

}  // namespace twill::inline TWILL_ABI::detail
