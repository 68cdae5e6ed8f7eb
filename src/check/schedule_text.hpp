// A schedule as one printable line: "0:3 1:7 0:5 ?1.2=1", stretches and picked options.
#pragma once

#include "explore/schedule.hpp"

#include <cstddef>

namespace twill::inline TWILL_ABI::check {

// Gives its length, cut to `size`.
std::size_t write_schedule(const explore::schedule& what, char* into, std::size_t size) noexcept;
// False: it is none.
bool read_schedule(const char* text, std::size_t length, explore::schedule& into) noexcept;

}  // namespace twill::inline TWILL_ABI::check
