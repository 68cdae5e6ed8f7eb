#include "thread_state.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {

duration cpu_time(clockid_t of_thread) noexcept {
    timespec used{};
    ::clock_gettime(of_thread, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// The file says "running", or the number of the system call and its arguments, or "-1" and two
// addresses for a thread that sleeps outside of one.
thread_state state_of(pid_t thread) noexcept {
    char path[48];
    std::snprintf(path, sizeof path, "/proc/self/task/%d/syscall", static_cast<int>(thread));
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    char text[64];
    const ssize_t size = ::read(file, text, sizeof text);
    ::close(file);
    if (size <= 0) return {};
    const std::string_view said(text, static_cast<std::size_t>(size));
    if (said.starts_with("running")) return {thread_state::kind::runnable};
    long number = -1;
    if (std::from_chars(said.data(), said.data() + said.size(), number).ec != std::errc())
        return {};
    return {number < 0 ? thread_state::kind::stopped : thread_state::kind::asleep, number};
}

const char* name_of_system_call(long number) noexcept {
    switch (number) {
        case SYS_futex:
            return "futex";
        case SYS_clock_nanosleep:
            return "clock_nanosleep";
        case SYS_nanosleep:
            return "nanosleep";
        case SYS_read:
            return "read";
        case SYS_write:
            return "write";
        case SYS_pread64:
            return "pread64";
        case SYS_pwrite64:
            return "pwrite64";
        case SYS_readv:
            return "readv";
        case SYS_writev:
            return "writev";
        case SYS_openat:
            return "openat";
        case SYS_fsync:
            return "fsync";
        case SYS_fdatasync:
            return "fdatasync";
        case SYS_connect:
            return "connect";
        case SYS_accept4:
            return "accept4";
        case SYS_recvfrom:
            return "recvfrom";
        case SYS_recvmsg:
            return "recvmsg";
        case SYS_sendto:
            return "sendto";
        case SYS_sendmsg:
            return "sendmsg";
        case SYS_ppoll:
            return "ppoll";
        case SYS_pselect6:
            return "pselect6";
        case SYS_epoll_pwait:
            return "epoll_pwait";
#ifdef SYS_epoll_pwait2
        case SYS_epoll_pwait2:
            return "epoll_pwait2";
#endif
        case SYS_wait4:
            return "wait4";
        case SYS_waitid:
            return "waitid";
        case SYS_flock:
            return "flock";
#ifdef SYS_poll
        case SYS_poll:
            return "poll";
#endif
#ifdef SYS_epoll_wait
        case SYS_epoll_wait:
            return "epoll_wait";
#endif
        default:
            return nullptr;
    }
}

}  // namespace twill::inline TWILL_ABI::detail
