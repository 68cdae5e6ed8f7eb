// timerfd in virtual time: a timer whose moment has come is made to fire by the kernel at once, so
// that it is readable and whoever polls it learns so.
#pragma once

#include <twill/core/config.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI::check {

// `due`: virtual time, `never`: none. False: there are too many.
bool set_timer(int descriptor, std::uint64_t due, std::uint64_t interval) noexcept;
void forget_timer(int descriptor) noexcept;
// What is left until it fires and its interval, 0: it is not set. False: it is none of these.
bool timer_status(int descriptor, std::uint64_t& left, std::uint64_t& interval) noexcept;
// How often it has fired since it was asked last.
std::uint64_t take_expirations(int descriptor) noexcept;

// Those whose moment has come fire. To be called before anybody looks at descriptors.
void fire_timers() noexcept;
std::uint64_t next_timer() noexcept;  // when; `never`: none is set
// Changes when a timer is set.
std::uint64_t timer_settings() noexcept;

}  // namespace twill::inline TWILL_ABI::check
