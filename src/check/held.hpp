// Which locks each thread holds: for who-waits-for-whom, for unlocks by another, and for the order
// in which locks are taken.
#pragma once

#include "check/scheduler.hpp"

#include <cstdint>

namespace twill::inline TWILL_ABI::check {

// The calling thread has taken, or is about to give back, the lock.
void keep_lock(const step& at) noexcept;
void drop_lock(const void* lock) noexcept;

bool keeps_lock(const void* lock) noexcept;          // the calling thread
const thread* who_keeps(const void* lock) noexcept;  // somebody, or null

// The calling thread is about to wait for this lock. Notes a finding when, in this run, the locks
// that it holds and this one were also taken in the opposite order, such that the two could have
// met: by different threads, under no common third lock, and neither before the other was started
// or after it was joined.
void watch_lock_order(const step& wanted) noexcept;

}  // namespace twill::inline TWILL_ABI::check
