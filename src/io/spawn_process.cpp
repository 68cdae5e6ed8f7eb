// A child is made by clone3(CLONE_VM | CLONE_VFORK): it borrows this process's memory, and the
// calling thread sleeps until the child has executed its program or ended. So nothing is copied
// however large the parent is, and the child reports a failure by a plain store. What makes the
// borrowing safe:
//
// 1. The child has a stack of its own (an array in the frame of the sleeping parent thread), so it
//    writes to no live frame.
// 2. All signals are blocked before the clone, with those that libc keeps for itself; the child
//    has no handler any more before it unblocks them. So none of the parent's ever runs in the
//    child, on the parent's memory. The kernel takes them away by CLONE_CLEAR_SIGHAND (Linux 5.5),
//    but leaves ignored signals ignored; where clone3 is missing or forbidden, or ignored signals
//    are to be reset too, the child makes 62 calls.
// 3. The child makes system calls and nothing else: no libc function that may lock or allocate, and
//    none that a sanitizer intercepts (it would take them for the parent's). Errno and all other
//    thread-locals are the parent thread's. For the same reason the child's code is compiled
//    without instrumentation.
// 4. Its descriptors, dispositions, mask, directory and limits are its own: no CLONE_FILES,
//    CLONE_SIGHAND or CLONE_FS.
//
// The exit signal is 0 until exec (which makes it SIGCHLD): a child that fails before is seen by
// nobody but us, neither by a SIGCHLD handler nor by a foreign waitpid(-1).
#include "runtime/thread_slice.hpp"

#include <twill/io/detail/spawn_process.hpp>

#include <twill/core/atomic.hpp>
#include <twill/core/error.hpp>
#include <twill/io/detail/find_program.hpp>

#include <fcntl.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

// glibc's name for clone() that no sanitizer intercepts: they take every clone for a fork, and
// release in the child locks that it shares with the parent.
// NOLINTNEXTLINE(readability-identifier-naming): the name is glibc's
extern "C" int __clone(int (*entry)(void*), void* stack_top, int flags, void* argument, ...);

#if defined(__clang__)
#define TWILL_IN_CHILD __attribute__((disable_sanitizer_instrumentation, always_inline)) inline
#define TWILL_CHILD_ENTRY __attribute__((disable_sanitizer_instrumentation, noinline))
#else
#define TWILL_IN_CHILD \
    __attribute__((no_sanitize("thread", "address", "undefined"), always_inline)) inline
#define TWILL_CHILD_ENTRY __attribute__((no_sanitize("thread", "address", "undefined"), noinline))
#endif

namespace twill::inline TWILL_ABI {

namespace detail {

namespace {

// The kernel's set, one bit a signal; libc's functions would leave its own signals out.
using kernel_signal_set = std::uint64_t;
static_assert(_NSIG - 1 == CHAR_BIT * sizeof(kernel_signal_set));

// The kernel's struct sigaction is no larger than this on any architecture, and all zeroes is
// SIG_DFL without flags on every one.
using kernel_signal_action = std::array<std::uint64_t, 4>;

// What the child is told and tells. It lies in the parent's frame.
struct child_orders {
    const spawn_request& request;
    pid_t parent;
    const char* path;
    const char* const* argv;
    const char* const* environment;
    bool without_handlers = false;  // the kernel has seen to it
    spawn_step failed = spawn_step::none;
    int error = 0;
};

TWILL_IN_CHILD bool fail(child_orders& orders, spawn_step step) {
    orders.failed = step;
    orders.error = errno;
    return false;
}

// The descriptor that `target` is to become a copy of: never one of the other two, since those are
// about to be overwritten. -1 and errno on failure.
TWILL_IN_CHILD int stream_source(const child_stream& stream, int target) {
    int source = stream.number;
    if (stream.what == child_stream::kind::null) {
        source =
            static_cast<int>(::syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0));
    }
    if (source < 0 || source > STDERR_FILENO || source == target) return source;
    return static_cast<int>(::syscall(SYS_fcntl, source, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

TWILL_IN_CHILD bool set_streams(child_orders& orders) {
    const child_stream* streams[] = {&orders.request.in, &orders.request.out, &orders.request.err};
    int sources[3] = {};
    for (int target = 0; target < 3; ++target) {
        if (streams[target]->what == child_stream::kind::inherit) continue;
        sources[target] = stream_source(*streams[target], target);
        if (sources[target] < 0) return fail(orders, spawn_step::stream);
    }
    for (int target = 0; target < 3; ++target) {
        if (streams[target]->what == child_stream::kind::inherit) continue;
        // dup3 refuses to copy a descriptor onto itself; what is missing there is that exec keeps
        // it.
        const long done = sources[target] == target
                              ? ::syscall(SYS_fcntl, target, F_SETFD, 0)
                              : ::syscall(SYS_dup3, sources[target], target, 0);
        if (done < 0) return fail(orders, spawn_step::stream);
    }
    return true;
}

TWILL_IN_CHILD bool set_limits(child_orders& orders) {
    for (const resource_limit& limit : orders.request.limits) {
        const rlimit values{limit.soft, limit.hard};
        if (::syscall(SYS_prlimit64, 0, limit.resource, &values, nullptr) != 0)
            return fail(orders, spawn_step::limit);
    }
    return true;
}

// The handler comes first in the kernel's struct sigaction (not on MIPS, where all are reset).
TWILL_IN_CHILD bool is_ignored(int signal) {
    kernel_signal_action now{};
    ::syscall(SYS_rt_sigaction, signal, nullptr, &now, sizeof(kernel_signal_set));
    return now[0] == reinterpret_cast<std::uintptr_t>(SIG_IGN);
}

// Setting all costs less than asking which are not at their default.
TWILL_IN_CHILD void set_signals(const child_orders& orders) {
    const kernel_signal_action standard{};
    const bool keep = orders.request.keeps_ignored_signals;
    const bool is_done = keep && orders.without_handlers;
    for (int signal = 1; signal < _NSIG && !is_done; ++signal) {
        if (signal == SIGKILL || signal == SIGSTOP || (keep && is_ignored(signal))) continue;
        ::syscall(SYS_rt_sigaction, signal, &standard, nullptr, sizeof(kernel_signal_set));
    }
    const kernel_signal_set none = 0;
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none);
}

// The parent may have ended before the kernel was told to watch for that.
TWILL_IN_CHILD bool bind_to_starter(child_orders& orders) {
    if (::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return fail(orders, spawn_step::bind);
    if (::syscall(SYS_getppid) == orders.parent) return true;
    errno = ESRCH;
    return fail(orders, spawn_step::bind);
}

TWILL_IN_CHILD bool become_program(child_orders& orders) {
    const spawn_request& request = orders.request;
    if (request.dies_with_starter && !bind_to_starter(orders)) return false;
    if (request.group >= 0 && ::syscall(SYS_setpgid, 0, request.group) != 0)
        return fail(orders, spawn_step::group);
    if (request.directory != nullptr && ::syscall(SYS_chdir, request.directory) != 0)
        return fail(orders, spawn_step::directory);
    if (!set_streams(orders)) return false;
    // For the sake of descriptors that other libraries opened without close-on-exec. Exec would
    // close ours in any case, so this adds one call and no work. Before 5.9 there is no such call.
    ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
    set_signals(orders);
    if (!set_limits(orders)) return false;
    ::syscall(SYS_execve, orders.path, orders.argv, orders.environment);
    return fail(orders, spawn_step::execute);
}

TWILL_CHILD_ENTRY int child_entry(void* argument) {
    become_program(*static_cast<child_orders*>(argument));
    for (;;) ::syscall(SYS_exit_group, 127);
}

// Room for a few frames and for the dynamic linker, should it have to look up a symbol.
constexpr std::size_t child_stack_size = 16 * 1024;

constexpr std::uint64_t clone_flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD;

// clone3 on a stack of the child's own, where it calls `child_entry`. glibc has no such call: its
// syscall() would return in the child by an address on the parent's stack, which the child has
// left. -ENOSYS on other processors.
pid_t clone3_child(clone_args& arguments, child_orders& orders) {
#if defined(__x86_64__)
    long result = SYS_clone3;
    // The kernel keeps all registers of the child but rax, rcx, r11 and the stack pointer.
    register child_orders* its_orders asm("r8") = &orders;
    register int (*entry)(void*) asm("r9") = &child_entry;
    asm volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xor %%ebp, %%ebp\n\t"
        "mov %%r8, %%rdi\n\t"
        "call *%%r9\n\t"
        "hlt\n"
        "1:"
        : "+a"(result)
        : "D"(&arguments), "S"(sizeof arguments), "r"(its_orders), "r"(entry)
        : "rcx", "r11", "memory", "cc");
    return static_cast<pid_t>(result);
#elif defined(__aarch64__)
    register long result asm("x0") = reinterpret_cast<long>(&arguments);
    register long size asm("x1") = sizeof arguments;
    register long number asm("x8") = SYS_clone3;
    register child_orders* its_orders asm("x9") = &orders;
    register int (*entry)(void*) asm("x10") = &child_entry;
    asm volatile(
        "svc #0\n\t"
        "cbnz x0, 1f\n\t"
        "mov x29, xzr\n\t"
        "mov x0, x9\n\t"
        "blr x10\n\t"
        "brk #0\n"
        "1:"
        : "+r"(result)
        : "r"(size), "r"(number), "r"(its_orders), "r"(entry)
        : "memory", "cc");
    return static_cast<pid_t>(result);
#else
    static_cast<void>(arguments);
    static_cast<void>(orders);
    return -ENOSYS;
#endif
}

// Whether clone3 may be there: a kernel before 5.5 lacks it or the flag, and the filters of some
// containers forbid it.
atomic<bool> has_clone3{true};

// The child, or the error of clone, negative. Fills `orders.failed` when the child failed.
pid_t clone_child(child_orders& orders, int& pidfd) {
    alignas(16) std::array<unsigned char, child_stack_size> stack;
    if (has_clone3.load(std::memory_order_relaxed)) {
        clone_args arguments{};
        arguments.flags = clone_flags | CLONE_CLEAR_SIGHAND;
        arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
        arguments.stack = reinterpret_cast<std::uintptr_t>(stack.data());
        arguments.stack_size = stack.size();
        orders.without_handlers = true;
        const pid_t pid = clone3_child(arguments, orders);
        if (pid != -ENOSYS && pid != -EINVAL && pid != -EPERM) return pid;
        has_clone3.store(false, std::memory_order_relaxed);
        orders.without_handlers = false;
    }
    const pid_t pid = ::__clone(&child_entry, stack.data() + stack.size(),
                                static_cast<int>(clone_flags), &orders, &pidfd);
    return pid < 0 ? -errno : pid;
}

spawn_outcome launch(child_orders& orders) {
    kernel_signal_set before = 0;
    const kernel_signal_set all = ~kernel_signal_set{0};
    const detail::inheritable_slice usual;
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    int pidfd = -1;
    const pid_t pid = clone_child(orders, pidfd);
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, sizeof before);

    if (pid < 0) return {{}, spawn_step::create, -pid};
    spawn_outcome outcome{{pid, descriptor(pidfd)}, orders.failed, orders.error};
    if (outcome) return outcome;
    siginfo_t ignored;
    while (::syscall(SYS_waitid, P_PIDFD, pidfd, &ignored, WEXITED | __WALL, nullptr) != 0 &&
           errno == EINTR) {
    }
    outcome.child = {};
    return outcome;
}

// A file without a format that the kernel knows is a shell script without a first line.
spawn_outcome launch_by_shell(const child_orders& refused) {
    std::vector<const char*> argv = {"/bin/sh", refused.path};
    for (const char* const* argument = refused.argv + 1; *argument != nullptr; ++argument)
        argv.push_back(*argument);
    argv.push_back(nullptr);
    child_orders orders{refused.request, refused.parent, "/bin/sh", argv.data(),
                        refused.environment};
    return launch(orders);
}

std::string_view variable_name(const char* setting) { return {setting, ::strcspn(setting, "=")}; }

// Points to the strings of the parent and of the request; nothing is copied.
std::vector<const char*> build_environment(const spawn_request& request) {
    std::vector<const char*> all;
    if (request.environment_is == environment_mode::extend) {
        for (char** setting = ::environ; setting != nullptr && *setting != nullptr; ++setting) {
            bool overridden = false;
            for (const char* own : request.environment)
                overridden = overridden || variable_name(own) == variable_name(*setting);
            if (!overridden) all.push_back(*setting);
        }
    }
    all.insert(all.end(), request.environment.begin(), request.environment.end());
    all.push_back(nullptr);
    return all;
}

const char* step_name(spawn_step step) {
    switch (step) {
        case spawn_step::none:
            break;
        case spawn_step::find:
            return "find the program";
        case spawn_step::create:
            return "make a process for";
        case spawn_step::bind:
            return "bind to this thread";
        case spawn_step::group:
            return "put into its process group";
        case spawn_step::directory:
            return "change directory to";
        case spawn_step::stream:
            return "set up the standard streams of";
        case spawn_step::limit:
            return "set the resource limits of";
        case spawn_step::execute:
            return "execute";
    }
    return "start";
}

duration to_duration(const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

spawn_outcome try_spawn_process(const spawn_request& request) {
    const char* program = request.program != nullptr ? request.program : request.argv[0];
    program_location found;
    if (std::strchr(program, '/') == nullptr) {
        found = find_program(program);
        if (found.error != 0) return {{}, spawn_step::find, found.error};
        program = found.path.c_str();
    }
    std::vector<const char*> environment;
    if (request.environment_is != environment_mode::inherit)
        environment = build_environment(request);
    child_orders orders{request, ::getpid(), program, request.argv,
                        environment.empty() ? ::environ : environment.data()};
    spawn_outcome outcome = launch(orders);
    if (outcome.failed == spawn_step::execute && outcome.error == ENOEXEC)
        return launch_by_shell(orders);
    return outcome;
}

child_process spawn_process(const spawn_request& request) {
    spawn_outcome outcome = try_spawn_process(request);
    if (outcome) return std::move(outcome.child);
    const char* program = request.program != nullptr ? request.program : request.argv[0];
    const bool about_directory = outcome.failed == spawn_step::directory;
    throw io_error(step_name(outcome.failed), about_directory ? request.directory : program,
                   outcome.error);
}

exit_report reap(const descriptor& pidfd) {
    siginfo_t info{};
    rusage used{};
    // The kernel's waitid has an argument more than libc's: the resources used. __WALL finds also a
    // child that a signal to our process group ended before it executed its program.
    while (::syscall(SYS_waitid, P_PIDFD, pidfd.get(), &info, WEXITED | __WALL, &used) != 0)
        if (errno != EINTR) throw io_error("wait for", "a child process", errno);
    exit_report report;
    report.pid = info.si_pid;
    report.exited = info.si_code == CLD_EXITED;
    (report.exited ? report.code : report.signal) = info.si_status;
    report.core_dumped = info.si_code == CLD_DUMPED;
    report.user = to_duration(used.ru_utime);
    report.system = to_duration(used.ru_stime);
    report.max_resident = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
    report.voluntary_switches = static_cast<std::uint64_t>(used.ru_nvcsw);
    report.involuntary_switches = static_cast<std::uint64_t>(used.ru_nivcsw);
    report.minor_faults = static_cast<std::uint64_t>(used.ru_minflt);
    report.major_faults = static_cast<std::uint64_t>(used.ru_majflt);
    // In blocks of 512 bytes.
    report.disk_read = static_cast<std::uint64_t>(used.ru_inblock) * 512;
    report.disk_written = static_cast<std::uint64_t>(used.ru_oublock) * 512;
    return report;
}

int signal_process(const descriptor& pidfd, int signal) noexcept {
    return ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0 ? 0 : errno;
}

int signal_group(pid_t leader, int signal) noexcept {
    // 0 and 1 would mean our own group and every process there is.
    if (leader <= 1) return EINVAL;
    return ::kill(-leader, signal) == 0 ? 0 : errno;
}

}  // namespace detail

}  // namespace twill::inline TWILL_ABI
