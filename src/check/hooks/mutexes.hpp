// Locking as the scheduler sees it, for pthread_mutex_*, condition variables and the C11 functions.
//
// A mutex's state lies in the pthread_mutex_t itself, in the fields that glibc uses for the same:
// it lives and dies with the program's object, also when that is copied, overwritten or never
// destroyed, and a child that the program forks finds it as the real functions would have left it.
#pragma once

#include "check/thread.hpp"

#include <pthread.h>

#include <cstdint>

namespace twill::inline TWILL_ABI::check {

// 0 or an error number, as pthread_mutex_timedlock.
int lock_mutex(pthread_mutex_t& mutex, const void* place, std::uint64_t deadline = never) noexcept;
int try_lock_mutex(pthread_mutex_t& mutex, const void* place) noexcept;
int unlock_mutex(pthread_mutex_t& mutex, const void* place) noexcept;

// For a condition variable: gives it up, without a scheduling point; one level of it, as glibc
// does, so that who has locked it twice keeps it. False: the caller does not hold it.
bool release_mutex(pthread_mutex_t& mutex) noexcept;
// Takes it back.
int retake_mutex(pthread_mutex_t& mutex, const void* place) noexcept;

}  // namespace twill::inline TWILL_ABI::check
