// Blocking waits with a limit in time, for plain threads and functions on the compute pool.
//
//     auto hold = twill::wait_blocking_for(10ms, m.lock());      // an optional mutex_guard
//     bool in_time = twill::wait_blocking_until(deadline, ready.wait());
//     auto got = twill::wait_blocking_for(1s, jobs.receive());
//     if (!got) return;                                          // not in time
//     if (!*got) return;                                         // closed
//
// What says by its own result that there is nothing more, such as `receive` and a watch's
// `changed`, is asked twice: the outer result is about the time alone, so a loop that looks only at
// that never ends once the channel is closed.
//
// They take what a task would `co_await`: whatever can be a case of `select`, and `arrive_and_wait`
// of a barrier. What is not in time has taken nothing: a value stays in its channel, one that is
// sent by `send_from` in its variable, and a party of a barrier has not arrived. Condition
// variables and `once` have faces of their own. What tasks have for it is with_timeout.
#pragma once

#include <twill/async/detail/placed.hpp>
#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include <utility>

namespace twill::inline TWILL_ABI {

// Blocks the calling thread, at the latest until `deadline`: gives what `what` gives as an
// std::optional (true where it gives nothing), or nothing (false) if it was not to be had. What is
// there at once is taken, however late it is. Throws what `what` throws; usage_error on an event
// thread.
template <detail::asked_at_a_place A>
[[nodiscard]] auto wait_blocking_until(time_point deadline, A what) {
    return detail::wait_blocking_until(std::move(what), deadline, "co_await with_timeout()");
}
template <detail::asked_at_a_place A>
[[nodiscard]] auto wait_blocking_for(duration length, A what) {
    return wait_blocking_until(after(now(), length), std::move(what));
}

}  // namespace twill::inline TWILL_ABI
