// Child processes.
//
//     twill::command status{.arguments = {"git", "status", "--short"}};
//     auto made = co_await twill::run_process(status);
//     if (made.status.success()) use(made.out);
//
//     auto sort = twill::process::start({.arguments = {"sort", "-n"},
//                                        .in = twill::stdio::pipe(), .out = twill::stdio::pipe()});
//     co_await sort.in().write_all("2\n1\n");
//     sort.in().close();
//     twill::exit_status how = co_await sort.wait();
//
// No thread is spent on a child: its end is an event like any other. A child gets default signal
// dispositions, an empty signal mask, its three standard streams, and no other descriptor.
//
// GCC (12 to 14) breaks down at a braced list inside of some arguments of co_await: make the
// command first, as above.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/reactor.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/io/detail/descriptor.hpp>
#include <twill/io/pipe.hpp>
#include <twill/io/resource_limit.hpp>

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI {

// What a standard stream of a child is.
class stdio {
public:
    enum class kind : std::uint8_t { inherit, null, pipe, descriptor, as_out };

    // This program's own.
    static constexpr stdio inherit() noexcept { return {kind::inherit, -1}; }
    // /dev/null.
    static constexpr stdio null() noexcept { return {kind::null, -1}; }
    // A pipe to this program, whose other end is `process::in()`, `out()` or `err()`.
    static constexpr stdio pipe() noexcept { return {kind::pipe, -1}; }
    // A descriptor of this program, which stays its own, and must be open until `start` has
    // returned. It should be in blocking mode: few programs expect another.
    static constexpr stdio use(int number) noexcept { return {kind::descriptor, number}; }
    // For `err`: where `out` goes, in one stream with it, as 2>&1 in a shell.
    static constexpr stdio as_out() noexcept { return {kind::as_out, -1}; }

    [[nodiscard]] constexpr kind what() const noexcept { return what_; }
    [[nodiscard]] constexpr int number() const noexcept { return number_; }

private:
    constexpr stdio(kind what, int number) noexcept : what_(what), number_(number) {}

    kind what_;
    int number_;
};

// What to start. Strings may hold any bytes but 0. Starting copies none of them: one command can be
// started any number of times, with changes in between.
struct command {
    // The program's name, then what follows it on the command line. At least one.
    std::vector<std::string> arguments;
    // What to execute; empty: `arguments[0]`. A name without a slash is searched for in PATH at
    // each start (`find_program` does it once and for all); one with a slash is relative to
    // `directory`.
    std::string program = {};
    // "NAME=value": put into this program's environment, or over what is there; alone when
    // `inherit_environment` is false.
    std::vector<std::string> environment = {};
    bool inherit_environment = true;
    // Where it starts; empty: where this program is.
    std::string directory = {};
    stdio in = stdio::inherit();
    stdio out = stdio::inherit();
    stdio err = stdio::inherit();
    // Whether it leads a new process group, which is then signalled as a whole. A child in its own
    // group does not get the terminal's Ctrl-C.
    bool own_group = false;
    // A group that it joins instead, as of the other ends of a pipeline: `pid()` of a child that
    // has its own and was not waited for. 0: none.
    pid_t join_group = 0;
    // What it may use at most; the rest is as here.
    std::vector<resource_limit> limits = {};
    // Whether the kernel kills it (SIGKILL) when the *thread* that calls `start` ends, as it does
    // when this program is killed. Its own children live on. Not for threads that come and go, such
    // as those of `blocking`, or those that run tasks with watchdog::hand_over or with several
    // event threads: there a healthy child would be killed once its starter's thread is no longer
    // needed. A program that gains privileges when it is executed is not killed.
    bool dies_with_starter = false;
    // Whether the signals that this program ignores are ignored by the child too, as a shell and
    // xargs do; that makes the start cheaper. Otherwise all have their default effect.
    bool keeps_ignored_signals = false;
};

struct TWILL_API program_location {
    std::string path;  // empty when there is none
    int error = 0;     // ENOENT: nowhere; EACCES: somewhere, but it may not be executed

    [[nodiscard]] explicit operator bool() const noexcept { return error == 0; }
    // What a shell's exit status would be: 0, 127 (not found), 126 (not executable).
    [[nodiscard]] int shell_code() const noexcept;
};

// The program that a shell would execute for `name`: itself when it has a slash, else the first
// executable file of that name in the directories of PATH. Any thread.
[[nodiscard]] TWILL_API program_location find_program(std::string_view name);

// How a child ended, and what it used, with the children that it waited for.
struct TWILL_API exit_status {
    bool exited = false;       // true: by itself, with `code`; false: killed by `signal`
    int code = 0;              // 0 to 255
    int signal = 0;            // SIGKILL, ...
    bool core_dumped = false;  // when killed
    duration user{};           // CPU time in its own code
    duration system{};         // CPU time in the kernel
    // Bytes at most. Not below what this program had at the start: the kernel counts from there.
    std::uint64_t max_resident = 0;
    std::uint64_t voluntary_switches = 0;    // it waited
    std::uint64_t involuntary_switches = 0;  // others had their turn
    std::uint64_t minor_faults = 0;          // pages that it got without the disk
    std::uint64_t major_faults = 0;          // and with it
    std::uint64_t disk_read = 0;             // bytes that the disk had to give for it
    std::uint64_t disk_written = 0;          // and to take

    [[nodiscard]] bool success() const noexcept { return exited && code == 0; }
    // As a shell reports it: the code, or 128 + signal.
    [[nodiscard]] int shell_code() const noexcept { return exited ? code : 128 + signal; }
    // "exit status 2", "killed by SIGKILL", "killed by SIGSEGV (core dumped)".
    [[nodiscard]] std::string to_string() const;
};

class process;

namespace detail {

class TWILL_API end_operation : public io_request {
public:
    explicit end_operation(process& child) noexcept;
    [[nodiscard]] bool await_ready() const noexcept;
    void await_resume() const;

protected:
    process& child_;
};

class TWILL_API wait_operation final : public end_operation {
public:
    using end_operation::end_operation;
    exit_status await_resume() const;
};

struct [[nodiscard("nothing is waited for until it is awaited")]] end_call {
    process* child;
    end_operation operator co_await() const noexcept { return end_operation(*child); }
};
struct [[nodiscard("nothing is waited for until it is awaited")]] wait_call {
    process* child;
    wait_operation operator co_await() const noexcept { return wait_operation(*child); }
};

}  // namespace detail

// A child. Movable while nobody waits for it. Thread-safety: one task at a time, but for the pipes,
// which are independent of it and of each other.
class TWILL_API process {
public:
    // Starts the program and returns when it runs. Blocks the thread for about 0.2 ms, as long as
    // the kernel takes to load it. Throws io_error that names the step, the program (or directory)
    // and why: ENOENT when there is no such program; then no process is left. Throws usage_error
    // for a command without arguments.
    [[nodiscard]] static process start(const command& what);

    // A child that nobody waited for is killed (SIGKILL; its whole group when it has its own) and
    // reaped: neither it nor a zombie is left. That blocks for as long as the kernel takes to end
    // it.
    ~process();
    process(process&& other) noexcept;
    process& operator=(process&& other) noexcept;

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

    // This program's ends of the pipes that the command asked for. Throw usage_error for others.
    [[nodiscard]] pipe_writer& in();
    [[nodiscard]] pipe_reader& out();
    [[nodiscard]] pipe_reader& err();

    // Suspends until the child has ended, reaps it, and gives how. Again: the same at once. One
    // task at a time. Cancelled at once; the child goes on, and can be waited for again. Throws
    // io_error: ECHILD when something else in this program reaped it.
    [[nodiscard]] detail::wait_call wait() noexcept { return {this}; }

    // Suspends until the child has ended, and leaves it unreaped: its group can still be signalled
    // and its /proc entry read. Otherwise as `wait`, which must follow.
    [[nodiscard]] detail::end_call ended() noexcept { return {this}; }

    // The status, once `wait` has given it.
    [[nodiscard]] const std::optional<exit_status>& status() const noexcept { return status_; }

    // Sends a signal to the child. False when it was waited for: never hits another process. Throws
    // io_error (EINVAL: no such signal; EPERM).
    bool signal(int number);

    // The same to all of the group that a child with `own_group` leads, also when the child itself
    // has ended but was not waited for. Throws usage_error when it has no group of its own.
    bool signal_group(int number);

    // Asks the child to end (SIGTERM), with its group when it has its own; kills it when it has not
    // ended within `grace`; waits. What is left of the group then is killed too. Gives how it
    // ended. Cancelled at once, with the child where it is then: call it in `finally`, as
    // run_process does.
    [[nodiscard]] task<exit_status> terminate(duration grace = std::chrono::seconds(2));

private:
    friend class detail::end_operation;
    friend class detail::wait_operation;
    process(pid_t pid, detail::descriptor pidfd, bool own_group) noexcept;
    const exit_status& reap();
    void release() noexcept;
    void kill_and_reap() noexcept;
    bool signal_as_started(int number);

    pid_t pid_ = -1;
    bool own_group_ = false;
    detail::descriptor pidfd_;  // empty once the child was reaped
    io_source end_;             // refers to pidfd_
    std::optional<exit_status> status_;
    std::optional<pipe_writer> in_;
    std::optional<pipe_reader> out_;
    std::optional<pipe_reader> err_;
};

struct run_process_options {
    // What the child reads from its standard input. A child that does not read it all is no error.
    std::string input = {};
    // The most that is kept of each stream, in bytes.
    std::size_t max_output = std::size_t{64} << 20U;
    // What `process::terminate` is called with when the child must be stopped.
    duration grace = std::chrono::seconds(2);
};

struct process_output {
    exit_status status;
    std::string out;
    std::string err;
};

// Runs a child to its end and gives what it wrote. The streams that the command leaves at
// `stdio::inherit()` are captured (out, err) or fed from `options.input` (in); others are as it
// says. Suspends until the child has ended and nobody holds its output open any more. Cancelled, or
// failed: the child has been stopped (`process::terminate`) and reaped when it throws. Throws
// io_error: as `process::start`; EFBIG when the child wrote more than `max_output`. For a limit in
// time: `with_timeout(5s, run_process(...))`.
[[nodiscard]] TWILL_API task<process_output> run_process(command what,
                                                         run_process_options options = {});

}  // namespace twill::inline TWILL_ABI
