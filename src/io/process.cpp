#include <twill/core/error.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/detail/find_program.hpp>
#include <twill/io/detail/spawn_process.hpp>
#include <twill/io/process.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace twill::inline TWILL_ABI {
namespace {

std::string named(pid_t pid) { return "child process " + std::to_string(pid); }

std::vector<const char*> pointers_to(const std::vector<std::string>& strings) {
    std::vector<const char*> all;
    all.reserve(strings.size() + 1);
    for (const std::string& each : strings) {
        if (const auto zero = each.find('\0'); zero != std::string::npos)
            throw usage_error("pass \"" + each.substr(0, zero) +
                              "\\0...\" to a child: the system ends strings at a byte 0");
        all.push_back(each.c_str());
    }
    return all;
}

// What becomes of one standard stream: what the child is given, and what this program keeps. Of a
// pipe, only this program's end is non-blocking: the two ends do not share that flag.
struct stream_ends {
    detail::child_stream given;
    detail::descriptor childs;  // closed once the child has its copy
    detail::descriptor ours;
};

stream_ends make_stream(stdio wanted, bool child_reads) {
    switch (wanted.what()) {
        case stdio::kind::inherit:
            return {detail::child_stream::inherit(), {}, {}};
        case stdio::kind::null:
            return {detail::child_stream::null(), {}, {}};
        case stdio::kind::descriptor:
            return {detail::child_stream::use(wanted.number()), {}, {}};
        case stdio::kind::as_out:
            throw usage_error("start a child whose in or out is stdio::as_out(): only err can be");
        case stdio::kind::pipe:
            break;
    }
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw io_error("make", "a pipe to a child process", errno);
    detail::descriptor childs(ends[child_reads ? 0 : 1]);
    detail::descriptor ours(ends[child_reads ? 1 : 0]);
    if (::fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0)
        throw io_error("make", "a pipe to a child process", errno);
    const auto given = detail::child_stream::use(childs.get());
    return {given, std::move(childs), std::move(ours)};
}

// Its descriptor stays with `out`.
stream_ends same_as(const stream_ends& out) noexcept {
    if (out.given.what != detail::child_stream::kind::inherit) return {out.given, {}, {}};
    return {detail::child_stream::use(STDOUT_FILENO), {}, {}};
}

exit_status status_from(const detail::exit_report& report) noexcept {
    return {.exited = report.exited,
            .code = report.code,
            .signal = report.signal,
            .core_dumped = report.core_dumped,
            .user = report.user,
            .system = report.system,
            .max_resident = report.max_resident,
            .voluntary_switches = report.voluntary_switches,
            .involuntary_switches = report.involuntary_switches,
            .minor_faults = report.minor_faults,
            .major_faults = report.major_faults,
            .disk_read = report.disk_read,
            .disk_written = report.disk_written};
}

// 0, or why `path` cannot be executed.
int check_executable(const char* path) noexcept {
    struct stat about{};
    if (::stat(path, &about) != 0) return errno;
    if (!S_ISREG(about.st_mode)) return EACCES;
    return ::faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

template <class End>
End& asked_for(std::optional<End>& end, const char* name) {
    if (!end)
        throw usage_error(std::string("use the pipe to a child's ") + name +
                          ": it has none; start it with command." + name + " = stdio::pipe()");
    return *end;
}

}  // namespace

program_location find_program(std::string_view name) {
    detail::program_location found = detail::find_program(name);
    if (found.error == 0 && name.find('/') != std::string_view::npos)
        found.error = check_executable(found.path.c_str());
    if (found.error != 0) found.path.clear();
    return {std::move(found.path), found.error};
}

int program_location::shell_code() const noexcept {
    if (error == 0) return 0;
    return error == ENOENT ? 127 : 126;
}

std::string exit_status::to_string() const {
    if (exited) return "exit status " + std::to_string(code);
    const char* name = ::sigabbrev_np(signal);
    std::string text = name != nullptr ? std::string("killed by SIG") + name
                                       : "killed by signal " + std::to_string(signal);
    return core_dumped ? text + " (core dumped)" : text;
}

process process::start(const command& what) {
    if (what.arguments.empty())
        throw usage_error("start a command without arguments: the first is the program's name");
    auto argv = pointers_to(what.arguments);
    argv.push_back(nullptr);
    const auto environment = pointers_to(what.environment);
    auto in = make_stream(what.in, true);
    auto out = make_stream(what.out, false);
    const bool is_one = what.err.what() == stdio::kind::as_out;
    auto err = is_one ? same_as(out) : make_stream(what.err, false);

    detail::spawn_request request;
    request.argv = argv.data();
    request.program = what.program.empty() ? nullptr : what.program.c_str();
    if (!what.inherit_environment)
        request.environment_is = detail::environment_mode::replace;
    else if (!environment.empty())
        request.environment_is = detail::environment_mode::extend;
    request.environment = environment;
    request.directory = what.directory.empty() ? nullptr : what.directory.c_str();
    request.in = in.given;
    request.out = out.given;
    request.err = err.given;
    if (what.own_group && what.join_group != 0)
        throw usage_error("start a child that leads a group and joins another: choose one");
    if (what.own_group) request.group = 0;
    if (what.join_group != 0) request.group = what.join_group;
    request.limits = what.limits;
    request.dies_with_starter = what.dies_with_starter;
    request.keeps_ignored_signals = what.keeps_ignored_signals;

    auto started = detail::spawn_process(request);
    process child(started.pid, std::move(started.pidfd), what.own_group);
    if (in.ours) child.in_.emplace(in.ours.release());
    if (out.ours) child.out_.emplace(out.ours.release());
    if (err.ours) child.err_.emplace(err.ours.release());
    return child;
}

process::process(pid_t pid, detail::descriptor pidfd, bool own_group) noexcept
    : pid_(pid), own_group_(own_group), pidfd_(std::move(pidfd)), end_(pidfd_.get()) {}

process::~process() { kill_and_reap(); }

process::process(process&& other) noexcept = default;

process& process::operator=(process&& other) noexcept {
    if (this == &other) return *this;
    kill_and_reap();
    pid_ = other.pid_;
    own_group_ = other.own_group_;
    pidfd_ = std::move(other.pidfd_);
    end_ = std::move(other.end_);
    status_ = other.status_;
    in_ = std::move(other.in_);
    out_ = std::move(other.out_);
    err_ = std::move(other.err_);
    return *this;
}

pipe_writer& process::in() { return asked_for(in_, "in"); }
pipe_reader& process::out() { return asked_for(out_, "out"); }
pipe_reader& process::err() { return asked_for(err_, "err"); }

bool process::signal(int number) {
    if (!pidfd_) return false;
    const int why = detail::signal_process(pidfd_, number);
    if (why == ESRCH) return false;
    if (why != 0) throw io_error("send signal " + std::to_string(number) + " to", named(pid_), why);
    return true;
}

bool process::signal_group(int number) {
    if (!own_group_)
        throw usage_error("signal the group of " + named(pid_) +
                          ": it is in this program's own; start it with command.own_group");
    // The number of the group stays ours until the child is reaped, by whomever.
    if (!pidfd_ || detail::signal_process(pidfd_, 0) == ESRCH) return false;
    const int why = detail::signal_group(pid_, number);
    if (why == ESRCH) return false;
    if (why != 0)
        throw io_error("send signal " + std::to_string(number) + " to the group of", named(pid_),
                       why);
    return true;
}

bool process::signal_as_started(int number) {
    return own_group_ ? signal_group(number) : signal(number);
}

task<exit_status> process::terminate(duration grace) {
    signal_as_started(SIGTERM);
    // One that is stopped would not see it otherwise.
    signal_as_started(SIGCONT);
    try {
        co_await with_timeout(grace, ended());
    } catch (const timed_out&) {
        // It is killed below.
    }
    // It may have left its group.
    signal_as_started(SIGKILL);
    signal(SIGKILL);
    co_return co_await wait();
}

const exit_status& process::reap() {
    if (!pidfd_) throw io_error("wait for", named(pid_), ECHILD);
    try {
        status_ = status_from(detail::reap(pidfd_));
    } catch (const io_error& failure) {
        release();
        throw io_error("wait for", named(pid_), failure.code());
    }
    release();
    return *status_;
}

void process::release() noexcept {
    end_.forget();
    end_.fd = -1;
    pidfd_.reset();
}

void process::kill_and_reap() noexcept {
    if (!pidfd_) return;
    const int why = detail::signal_process(pidfd_, SIGKILL);
    if (why != ESRCH && own_group_) detail::signal_group(pid_, SIGKILL);
    try {
        // One that changed its user and must not be killed would be waited for without end.
        if (why == 0) detail::reap(pidfd_);
    } catch (const io_error&) {
        // Reaped by something else: none is left, which is what was wanted.
    }
    release();
}

namespace detail {

end_operation::end_operation(process& child) noexcept
    : io_request("end of child", io_call::readable, child.end_, nullptr, 0), child_(child) {}

bool end_operation::await_ready() const noexcept { return !child_.pidfd_; }

void end_operation::await_resume() const {
    if (!child_.pidfd_) return;
    throw_if_cancelled();
    if (result < 0) throw_if_failed("wait for", named(child_.pid_));
}

exit_status wait_operation::await_resume() const {
    end_operation::await_resume();
    return child_.status_ ? *child_.status_ : child_.reap();
}

}  // namespace detail

}  // namespace twill::inline TWILL_ABI
