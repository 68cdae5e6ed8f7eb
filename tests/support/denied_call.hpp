// A kernel that lacks a system call, or refuses it.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <utility>

namespace twill_test {

// From here on, every call of that number by this thread, or by one that it starts, fails with
// `error` (no more than 4095). False where the kernel has no such filters.
inline bool deny_call(long number, int error) {
    constexpr auto load = static_cast<std::uint16_t>(BPF_LD | BPF_W | BPF_ABS);
    constexpr auto compare = static_cast<std::uint16_t>(BPF_JMP | BPF_JEQ | BPF_K);
    constexpr auto end = static_cast<std::uint16_t>(BPF_RET | BPF_K);
    std::array<sock_filter, 4> program = {{
        {load, 0, 0, offsetof(seccomp_data, nr)},
        {compare, 0, 1, static_cast<std::uint32_t>(number)},
        {end, 0, 0, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)},
        {end, 0, 0, SECCOMP_RET_ALLOW},
    }};
    const sock_fprog filter = {program.size(), program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// Runs `what` in a thread of its own, which takes its denied calls with it.
template <class F>
void in_own_thread(F&& what) {
    std::thread(std::forward<F>(what)).join();
}

}  // namespace twill_test
