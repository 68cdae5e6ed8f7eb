// Reading clocks, sleeping and yielding, for all the functions that do it.
#pragma once

#include <twill/core/config.hpp>

#include <cstdint>
#include <ctime>

namespace twill::inline TWILL_ABI::check {

void yield(const void* place) noexcept;
// Sleeps until virtual time `deadline`.
void sleep_until(std::uint64_t deadline, const void* place) noexcept;
timespec read_clock(clockid_t clock, const void* place) noexcept;

}  // namespace twill::inline TWILL_ABI::check
