// Time as twill knows it: one monotonic clock behind one function, and the time of day behind
// another, so that a simulated world can stand in for them.
//
//     auto start = twill::now();
//     co_await twill::sleep(20ms);
//     auto took = twill::now() - start;      // twill::duration, in nanoseconds
#pragma once

#include <twill/core/config.hpp>

#include <chrono>

namespace twill::inline TWILL_ABI {

// Nanoseconds, signed: enough for 292 years.
using duration = std::chrono::nanoseconds;

// A point on CLOCK_MONOTONIC. It has no `now()` of its own on purpose: `twill::now()` is the only
// way to read it.
struct monotonic {
    using rep = twill::duration::rep;
    using period = twill::duration::period;
    using duration = twill::duration;
    using time_point = std::chrono::time_point<monotonic>;
    static constexpr bool is_steady = true;
};
using time_point = monotonic::time_point;

// "Never": later than every other point.
inline constexpr time_point never = time_point::max();

// The time now. Any thread; never throws; about 20 ns.
TWILL_API time_point now() noexcept;

// A time of day, on the machine's wall clock, which may be set forwards and backwards.
using wall_time = std::chrono::system_clock::time_point;

// The time of day now. Any thread; never throws; about 20 ns.
[[nodiscard]] TWILL_API wall_time wall_now() noexcept;

// How long the calling thread has been on a CPU, all in all. Never throws; about 300 ns.
[[nodiscard]] TWILL_API duration thread_time() noexcept;

// `start + length`, but `never` where the sum would overflow; a negative length counts as zero.
constexpr time_point after(time_point start, duration length) noexcept {
    if (length <= duration::zero()) return start;
    if (length >= never - start) return never;
    return start + length;
}

namespace detail {
// From now on `wall_now()` is so much later (or earlier): as if the wall clock had been set, for
// tests. Who watches the clock is not told: see reactor::clock_was_set.
TWILL_API void shift_wall_clock(duration by) noexcept;
}  // namespace detail

}  // namespace twill::inline TWILL_ABI
