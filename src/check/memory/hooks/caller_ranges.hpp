// Accesses of whole ranges by functions of libc that the program calls.
#pragma once

#include "check/memory_mode.hpp"
#include "check/scheduler.hpp"
#include "check/stack.hpp"

#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI::check {

// Called from everywhere, also before this library is ready and from within it. What this library
// itself does is not the program's, wherever it is done.
inline bool is_the_programs(const void* pc) noexcept {
    return memory_mode() && controlled() && !is_own_code(reinterpret_cast<std::uintptr_t>(pc));
}

inline void reads(const void* from, std::size_t size, const void* pc) noexcept {
    if (is_the_programs(pc)) read_range(from, size, pc);
}
inline void writes(void* to, std::size_t size, const void* pc) noexcept {
    if (is_the_programs(pc)) write_range(to, size, pc);
}

}  // namespace twill::inline TWILL_ABI::check
