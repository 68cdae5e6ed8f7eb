// From the program's times to virtual ones, and back.
//
// In a run, time begins at the same moment always, and goes on when threads sleep or read clocks.
#pragma once

#include "check/thread.hpp"

#include <cstdint>
#include <ctime>

namespace twill::inline TWILL_ABI::check {

// What CLOCK_REALTIME (14 November 2023) and CLOCK_MONOTONIC show when a run begins.
inline constexpr std::uint64_t realtime_at_start = 1'700'000'000'000'000'000;
inline constexpr std::uint64_t monotonic_at_start = 1'000'000'000'000;

// What the clock shows at virtual time 0. CPU time goes as virtual time does.
inline std::uint64_t start_of(clockid_t clock) noexcept {
    switch (clock) {
        case CLOCK_REALTIME:
        case CLOCK_REALTIME_COARSE:
        case CLOCK_TAI:
            return realtime_at_start;
        case CLOCK_MONOTONIC:
        case CLOCK_MONOTONIC_RAW:
        case CLOCK_MONOTONIC_COARSE:
        case CLOCK_BOOTTIME:
            return monotonic_at_start;
        default:
            return 0;
    }
}

inline bool is_time(const timespec& value) noexcept {
    return value.tv_nsec >= 0 && value.tv_nsec < 1'000'000'000;
}

inline std::uint64_t as_ns(const timespec& value) noexcept {
    if (value.tv_sec < 0) return 0;
    constexpr std::uint64_t most_seconds = 9'000'000'000;
    const auto seconds = static_cast<std::uint64_t>(value.tv_sec);
    if (seconds > most_seconds) return most_seconds * 1'000'000'000;
    return seconds * 1'000'000'000 + static_cast<std::uint64_t>(value.tv_nsec);
}

inline timespec as_timespec(std::uint64_t ns) noexcept {
    return {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
}

// The virtual time at which `clock` shows `at`; null: never.
inline std::uint64_t deadline_at(clockid_t clock, const timespec* at) noexcept {
    if (at == nullptr) return never;
    const std::uint64_t shown = as_ns(*at);
    const std::uint64_t start = start_of(clock);
    return shown < start ? 0 : shown - start;
}

}  // namespace twill::inline TWILL_ABI::check
