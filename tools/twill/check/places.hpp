// Where in the program something happened, in short.
#pragma once

#include "twill/check/symbols.hpp"

#include <string>

namespace twill_command::check {

bool of_the_standard_library(const frame& one);

// The frame that a reader thinks of: the innermost of the program itself, not of a header that it
// calls through. Null: no frame has a line.
const frame* own_place(const stack& where);

// "bank.cpp:12", or "".
std::string short_place(const stack& where);

}  // namespace twill_command::check
