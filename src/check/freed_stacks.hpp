// Where blocks were freed, for reports on programs that are not instrumented: with no calls noted,
// each stack has to be walked. That takes its time, so it is done only in a run that is to be told.
#pragma once

#include <twill/check/protocol.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI::check {

// The calling thread frees the block that begins there.
void remember_free(const void* block) noexcept;
// Null: it is not known, or no longer.
const stack_trace* where_freed(std::uintptr_t block) noexcept;

}  // namespace twill::inline TWILL_ABI::check
