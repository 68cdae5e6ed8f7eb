// The calling thread's stack, as return addresses.
#pragma once

#include <twill/check/protocol.hpp>

namespace twill::inline TWILL_ABI::check {

// Innermost first, without the library's own frames at its top.
void take_stack(stack_trace& into) noexcept;

// Whether the address is in this library's code: such frames say nothing about the program.
bool is_own_code(std::uint64_t address) noexcept;

// Where the loaded files lie.
void list_modules(run_result& into) noexcept;

}  // namespace twill::inline TWILL_ABI::check
