// How long the runtime's threads look around before they sleep. To sleep and to be woken costs
// system calls on both sides, and what one waits for often comes a moment later.
//
// A model explores what may happen between any two looks: there, few of them say as much as many.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include <chrono>

namespace twill::inline TWILL_ABI::detail {

#ifdef TWILL_DOORS
inline constexpr bool looks_often = false;
#else
inline constexpr bool looks_often = true;
#endif

// At a branch that another thread runs. About two microseconds: what sleeping would cost.
inline constexpr int looks_before_sleep = looks_often ? 64 : 2;
// Before that, whoever runs the branch is asked for a part of it.
inline constexpr int looks_before_asking = looks_often ? 8 : 1;

// For work, at most, of a thread that has none: what sleeping and being woken would take.
inline constexpr duration longest_look = std::chrono::microseconds(looks_often ? 20 : 4);

// Of the ticker: for 2 ms after the last work, so that parallel calls in quick succession find it
// running.
inline constexpr int beats_until_rest = looks_often ? 20 : 1;
// And those for which it waits awake, after it was woken.
inline constexpr int first_beats = looks_often ? 4 : 1;

}  // namespace twill::inline TWILL_ABI::detail
