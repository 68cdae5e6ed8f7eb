#include <twill/core/atomic.hpp>
#include <twill/core/time.hpp>

#include <time.h>

namespace twill::inline TWILL_ABI {

namespace {

constinit atomic<duration::rep> wall_shift{0};

duration read(clockid_t clock) noexcept {
    timespec at{};
    ::clock_gettime(clock, &at);
    return std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
}

}  // namespace

time_point now() noexcept { return time_point(read(CLOCK_MONOTONIC)); }

// Relaxed: who shifts it tells those who must look again.
wall_time wall_now() noexcept {
    return wall_time(std::chrono::duration_cast<wall_time::duration>(
        read(CLOCK_REALTIME) + duration(wall_shift.load(std::memory_order_relaxed))));
}

void detail::shift_wall_clock(duration by) noexcept {
    wall_shift.fetch_add(by.count(), std::memory_order_relaxed);
}

duration thread_time() noexcept { return read(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace twill::inline TWILL_ABI
