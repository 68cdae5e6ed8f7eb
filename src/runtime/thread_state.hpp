// What another thread of this process does: whether it uses a CPU, wants one, or sleeps.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include <sys/types.h>

namespace twill::inline TWILL_ABI::detail {

// The CPU time that a thread has used. The thread must exist.
[[nodiscard]] duration cpu_time(clockid_t of_thread) noexcept;

struct thread_state {
    enum class kind : unsigned char {
        unknown,
        runnable,  // it has a CPU or waits for one
        asleep,    // in a system call
        stopped,   // asleep, but in none: a page fault, or a debugger
    };
    kind is = kind::unknown;
    long system_call = -1;  // when asleep
};

// Asks /proc; about 10 us. Needs no privilege for a thread of this process.
[[nodiscard]] thread_state state_of(pid_t thread) noexcept;

// "futex"; null for a number that has no name here.
[[nodiscard]] const char* name_of_system_call(long number) noexcept;

}  // namespace twill::inline TWILL_ABI::detail
