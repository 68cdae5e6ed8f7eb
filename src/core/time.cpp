#include <twill/core/time.hpp>

#include <time.h>

namespace twill::inline TWILL_ABI {

time_point now() noexcept {
    timespec at{};
    ::clock_gettime(CLOCK_MONOTONIC, &at);
    return time_point(std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec));
}

}  // namespace twill::inline TWILL_ABI
