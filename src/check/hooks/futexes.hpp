// The futex, for `syscall`.
#pragma once

#include <twill/core/config.hpp>

namespace twill::inline TWILL_ABI::check {

// As the system call: its six arguments, and -errno.
long futex(const long (&given)[6], const void* place) noexcept;

}  // namespace twill::inline TWILL_ABI::check
