// Threads, and what a thread does about itself: who it is, waiting for the end of another, doing
// nothing for a while.
#pragma once

#include <twill/core/config.hpp>

#ifdef TWILL_DOORS
#include TWILL_DOORS
#else

#include <twill/core/time.hpp>

#include <pthread.h>
#include <time.h>

#include <thread>

namespace twill::inline TWILL_ABI::detail {

using system_thread = std::thread;

inline pthread_t own_thread() noexcept { return ::pthread_self(); }
inline void join_thread(pthread_t which) noexcept { ::pthread_join(which, nullptr); }

// Less than a second; may return early.
inline void sleep_for(duration length) noexcept {
    const timespec pause{0, static_cast<long>(length.count())};
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
}

}  // namespace twill::inline TWILL_ABI::detail

#endif
