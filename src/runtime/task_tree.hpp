// The tree of what runs, as text.
#pragma once

#include "function_names.hpp"

#include <twill/core/context.hpp>

#include <string>

namespace twill::inline TWILL_ABI::detail {

// What can be said of a task.
enum class detail_of_tasks : unsigned char {
    places,  // where they were spawned: it may run meanwhile
    waits,   // and what they wait for, in which coroutines: all of them stand still
};

// Adds a line for `task`, which lies `depth` levels below the outermost one:
//     server.cpp:31 waits: receive, in read_line < answer < serve
void append_task(std::string& text, const context& task, unsigned depth, detail_of_tasks how,
                 function_names& names);

}  // namespace twill::inline TWILL_ABI::detail
