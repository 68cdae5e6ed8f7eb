// The tree of what runs, as text.
#pragma once

#include "function_names.hpp"

#include <twill/core/context.hpp>

#include <string>

namespace twill::inline TWILL_ABI::detail {

// Adds a line for `task`, which lies `depth` levels below the outermost one and may run meanwhile:
//     server.cpp:31 "user 17" waits: receive, in read_line < answer < serve
void append_task(std::string& text, context& task, unsigned depth, function_names& names);

}  // namespace twill::inline TWILL_ABI::detail
