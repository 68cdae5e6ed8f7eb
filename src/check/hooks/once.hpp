// Running a function once, for the pthread and the C11 functions alike.
#pragma once

#include <twill/core/config.hpp>

namespace twill::inline TWILL_ABI::check {

int run_once(int& word, void (*function)(), const void* place);

}  // namespace twill::inline TWILL_ABI::check
