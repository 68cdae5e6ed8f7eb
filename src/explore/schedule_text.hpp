// A schedule as one line of text, for replay files and reports.
//
//     1 0:14 1:3 0:20 1@3=2 #9f3a0c
//
// The format's version; thread 0 until its 14th step, thread 1 until its 3rd, thread 0 until its
// 20th; the free choice 3 of thread 1 is option 2; the fingerprint of the run that it was.
#pragma once

#include "schedule.hpp"

#include <cstddef>

namespace twill::inline TWILL_ABI::explore {

// Writes it to `text`, as much as has room, and a zero byte behind it if there is room at all.
// Returns the length of the whole, without the zero byte.
std::size_t print(const schedule& what, char* text, std::size_t room) noexcept;

struct parse_error {
    const char* at = nullptr;    // in the text; null: none
    const char* what = nullptr;  // what was expected there
};

// Reads one into `into`, which is empty. Blanks and ends of line may stand between its parts.
parse_error parse(const char* text, std::size_t length, schedule& into) noexcept;

}  // namespace twill::inline TWILL_ABI::explore
