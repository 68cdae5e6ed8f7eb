// Starts a child process, and says how it ended. The lowest layer: no coroutine, no thread, no
// waiting but for the start itself.
//
//     const char* argv[] = {"sort", "-n", nullptr};
//     auto child = detail::spawn_process({.argv = argv, .out = detail::child_stream::use(7)});
//     // ... child.pidfd becomes readable when the child has ended ...
//     auto report = detail::reap(child.pidfd);      // report.exited, report.code, report.user, ...
//
// What a child gets: the three standard streams and no other descriptor; an empty signal mask and
// default signal dispositions, whatever the parent has set up, unless it keeps ignored signals.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>
#include <twill/io/detail/descriptor.hpp>
#include <twill/io/resource_limit.hpp>

#include <sys/types.h>

#include <cstdint>
#include <span>

namespace twill::inline TWILL_ABI {

namespace detail {

// What one of the child's standard streams is.
struct child_stream {
    enum class kind : std::uint8_t { inherit, null, descriptor };

    static constexpr child_stream inherit() noexcept { return {}; }
    static constexpr child_stream null() noexcept { return {kind::null, -1}; }
    // `number`: of the parent; it stays open there, and may be close-on-exec.
    static constexpr child_stream use(int number) noexcept { return {kind::descriptor, number}; }

    kind what = kind::inherit;
    int number = -1;
};

enum class environment_mode : std::uint8_t {
    inherit,  // the parent's
    extend,   // the parent's, with `environment` put in or over it
    replace,  // `environment` alone
};

// All pointers must stay valid until `spawn_process` returns, and no longer.
struct spawn_request {
    // Ends with a null pointer and holds at least one string. The bytes may be any but 0.
    const char* const* argv = nullptr;
    // What to execute; null: argv[0]. A name without a slash is searched for in this process's
    // PATH, see find_program; one with a slash is relative to `directory`.
    const char* program = nullptr;
    environment_mode environment_is = environment_mode::inherit;
    std::span<const char* const> environment = {};  // "NAME=value"
    const char* directory = nullptr;                // null: the parent's
    child_stream in = {};
    child_stream out = {};
    child_stream err = {};
    // -1: stays in the parent's process group; 0: leads a new one; else joins that one.
    pid_t group = -1;
    // The kernel kills it (SIGKILL) when the calling *thread* ends, however that happens.
    bool dies_with_starter = false;
    // What this process ignores, the child ignores too. Saves 62 system calls where there is
    // clone3.
    bool keeps_ignored_signals = false;
    std::span<const resource_limit> limits = {};
};

// The steps of a start, for saying which one failed.
enum class spawn_step : std::uint8_t {
    none,       // nothing failed
    find,       // look the program up in PATH
    create,     // make the process
    bind,       // prctl(PR_SET_PDEATHSIG)
    group,      // setpgid
    directory,  // chdir
    stream,     // open /dev/null, dup2
    limit,      // setrlimit
    execute,    // exec
};

struct child_process {
    pid_t pid = -1;
    descriptor pidfd;  // close-on-exec; readable once the child has ended
};

struct spawn_outcome {
    child_process child;
    spawn_step failed = spawn_step::none;
    int error = 0;  // errno of the step that failed

    [[nodiscard]] explicit operator bool() const noexcept { return failed == spawn_step::none; }
};

// Starts a process and returns when it runs its program or has failed to: a failure in the child
// is reported as exactly as one here, and leaves no process behind. A file that is executable but
// of no known format is run by /bin/sh, as execvp does.
// Blocks the calling thread until the child has a CPU and the kernel has loaded the program: about
// 0.1 ms, but many ms where CPUs or disk are busy, so an event thread should leave it to another.
// Throws only std::bad_alloc. Any thread, also while others spawn.
TWILL_API spawn_outcome try_spawn_process(const spawn_request& request);

// The same, but throws io_error ("execute", "/bin/x", EACCES).
TWILL_API child_process spawn_process(const spawn_request& request);

// How a child ended, and what it used, its own waited-for children included.
struct exit_report {
    pid_t pid = -1;
    bool exited = false;       // true: by itself, with `code`; false: killed by `signal`
    int code = 0;              // 0 to 255
    int signal = 0;            // SIG...
    bool core_dumped = false;  // when killed
    duration user{};           // CPU time
    duration system{};
    // Bytes. Never below what the parent had when it spawned: the kernel counts the shared memory
    // of the moment before exec.
    std::uint64_t max_resident = 0;
    std::uint64_t voluntary_switches = 0;
    std::uint64_t involuntary_switches = 0;
    std::uint64_t minor_faults = 0;
    std::uint64_t major_faults = 0;
    std::uint64_t disk_read = 0;  // bytes
    std::uint64_t disk_written = 0;
};

// Ends the zombie and reports. Waits when the child still runs. Once for each child.
// Throws io_error ECHILD when somebody else waited for it, or when the program ignores SIGCHLD.
TWILL_API exit_report reap(const descriptor& pidfd);

// Sends a signal to one child; never hits another process, even after its end. 0 or an errno value
// (ESRCH: it has ended and was reaped).
TWILL_API int signal_process(const descriptor& pidfd, int signal) noexcept;

// Sends a signal to the process group that a child with `.group = 0` leads. Only before that child
// is reaped: afterwards the number may be somebody else's. 0 or an errno value.
TWILL_API int signal_group(pid_t leader, int signal) noexcept;

}  // namespace detail

}  // namespace twill::inline TWILL_ABI
