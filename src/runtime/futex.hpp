// Sleeping in the kernel until a word changes, at the latest until a point in time.
#pragma once

#include <twill/core/config.hpp>

#ifdef TWILL_DOORS
#include TWILL_DOORS
#else

#include <twill/core/atomic.hpp>
#include <twill/core/time.hpp>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

// Sleeps while `word` is `expected`, at the latest until `deadline`; may return early.
inline void futex_wait(atomic<std::uint32_t>& word, std::uint32_t expected,
                       time_point deadline = never) noexcept {
    timespec at{};
    const auto since_boot = std::max(deadline.time_since_epoch(), duration::zero());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
    at.tv_sec = static_cast<time_t>(seconds.count());
    at.tv_nsec = static_cast<long>((since_boot - seconds).count());
    ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected,
              deadline == never ? nullptr : &at, nullptr, FUTEX_BITSET_MATCH_ANY);
}

// The word may be gone: then the kernel finds nobody there, or wakes for nothing one who looks
// again.
inline void futex_wake_one(atomic<std::uint32_t>* word) noexcept {
    ::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

}  // namespace twill::inline TWILL_ABI::detail

#endif
