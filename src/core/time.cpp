#include <twill/core/time.hpp>

#include <time.h>

namespace twill::inline TWILL_ABI {

namespace {

duration read(clockid_t clock) noexcept {
    timespec at{};
    ::clock_gettime(clock, &at);
    return std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
}

}  // namespace

time_point now() noexcept { return time_point(read(CLOCK_MONOTONIC)); }

duration thread_time() noexcept { return read(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace twill::inline TWILL_ABI
