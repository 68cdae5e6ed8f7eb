#include "twill/check/checked_program.hpp"

#include "twill/check/refusal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>

namespace twill_command::check {
namespace {

// High, so that the program's own descriptors have the numbers that they always have.
constexpr int first_own_descriptor = 900;

int above_all(int fd) {
    const int moved = ::fcntl(fd, F_DUPFD, first_own_descriptor);
    if (moved >= 0) ::close(fd);
    return moved >= 0 ? moved : fd;
}

[[noreturn]] void fail_to(const char* what) {
    throw start_failure{fmt::format("cannot {}: {}", what, std::strerror(errno))};
}

int make_memory(const char* name) {
    const int fd = ::memfd_create(name, MFD_CLOEXEC);
    if (fd < 0) fail_to("make shared memory");
    return fd;
}

}  // namespace

checked_program::checked_program(const std::vector<std::string>& words, const std::string& library,
                                 twill::duration patience)
    : patience_(patience) {
    if (const auto why = refusal_of(words[0]); !why.empty()) throw start_failure{why};
    memory_ = make_memory("twill check session");
    output_ = make_memory("twill check output");
    ::fcntl(output_, F_SETFL, O_APPEND);
    if (::ftruncate(memory_, sizeof(protocol::session)) != 0) fail_to("make shared memory");
    void* const mapped =
        ::mmap(nullptr, sizeof(protocol::session), PROT_READ | PROT_WRITE, MAP_SHARED, memory_, 0);
    if (mapped == MAP_FAILED) fail_to("map shared memory");
    // Zero bytes are what most of it begins with; not touched, it takes no memory.
    session_ = static_cast<protocol::session*>(mapped);
    session_->version = protocol::protocol_version;
    session_->options = {};

    // A program that lacks a symbol which it never uses starts only without.
    if (start(words, library, true) || start(words, library, false)) return;
    throw start_failure{fmt::format(
        "{} cannot be checked: the check library did not come into it, or it ended before "
        "main. A program that is linked statically, or gains privileges, takes no "
        "preloaded library",
        words[0])};
}

bool checked_program::start(const std::vector<std::string>& words, const std::string& library,
                            bool bind_now) {
    if (::ftruncate(output_, 0) != 0) fail_to("empty the output");
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        fail_to("make a socket pair");
    std::array<int, 2> report{};
    if (::pipe2(report.data(), O_CLOEXEC) != 0) fail_to("make a pipe");
    pid_ = ::fork();
    if (pid_ < 0) fail_to("fork");
    if (pid_ == 0) {
        if (bind_now) ::setenv("LD_BIND_NOW", protocol::bind_now_value, 0);
        become(words, library, ends[1], report[1]);
    }
    socket_ = ends[0];
    ::close(ends[1]);
    ::close(report[1]);
    int error = 0;
    const bool failed = ::read(report[0], &error, sizeof error) == sizeof error;
    ::close(report[0]);
    if (failed)
        throw start_failure{fmt::format("cannot execute {}: {}", words[0], std::strerror(error))};
    pollfd ready{socket_, POLLIN, 0};
    const auto until = twill::now() + patience_;
    int came = 0;
    do {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - twill::now());
        came = ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    } while (came < 0 && errno == EINTR);
    if (came == 0) {
        stop();
        throw start_failure{
            fmt::format("{} has not come to main within {:.0f} s. It waits for something before, "
                        "or it takes no "
                        "preloaded library (linked statically, or gains privileges)",
                        words[0], std::chrono::duration<double>(patience_).count())};
    }
    if (take_answer()) return true;
    stop();
    return false;
}

void checked_program::become(const std::vector<std::string>& words, const std::string& library,
                             int socket, int report) const {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, STDIN_FILENO);
    ::dup2(output_, STDOUT_FILENO);
    ::dup2(output_, STDERR_FILENO);
    const int own_socket = above_all(::dup(socket));
    const int own_memory = above_all(::dup(memory_));
    const int own_output = above_all(::dup(output_));
    const auto session = fmt::format("{}:{}:{}", own_socket, own_memory, own_output);
    ::setenv(protocol::environment_name, session.c_str(), 1);
    // The second has only a name: that by which a program of Clang's asks for its thread sanitizer.
    const auto second =
        std::filesystem::path(library).replace_filename("libtwill_check_for_clang.so").string();
    ::setenv("LD_PRELOAD", (library + ":" + second).c_str(), 1);
    // The same addresses in each process where that is allowed; where not, it works all the same.
    const int kept = ::personality(0xFFFFFFFF);
    if (kept != -1) ::personality(static_cast<unsigned long>(kept) | ADDR_NO_RANDOMIZE);
    std::vector<char*> argv;
    for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    const int error = errno;
    [[maybe_unused]] const auto told = ::write(report, &error, sizeof error);
    ::_exit(127);
}

void checked_program::stop() {
    if (pid_ > 0) {
        ::kill(-pid_, SIGKILL);
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    pid_ = -1;
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
}

checked_program::~checked_program() {
    stop();
    for (const int fd : {memory_, output_})
        if (fd >= 0) ::close(fd);
    if (session_ != nullptr) ::munmap(session_, sizeof(protocol::session));
}

void checked_program::ask(const protocol::request& what) {
    [[maybe_unused]] const auto sent = ::send(socket_, &what, sizeof what, MSG_NOSIGNAL);
}

std::optional<protocol::answer> checked_program::take_answer() {
    protocol::answer made{};
    for (;;) {
        const ssize_t got = ::recv(socket_, &made, sizeof made, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got != static_cast<ssize_t>(sizeof made)) return std::nullopt;
        return made;
    }
}

std::string checked_program::output(std::size_t bytes) const {
    const off_t size = ::lseek(output_, 0, SEEK_END);
    if (size <= 0) return {};
    const auto all = static_cast<std::size_t>(size);
    std::string text(std::min(all, bytes), '\0');
    const ssize_t got =
        ::pread(output_, text.data(), text.size(), static_cast<off_t>(all - text.size()));
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
}

std::string find_check_library() {
    namespace fs = std::filesystem;
    if (const char* given = std::getenv("TWILL_CHECK_LIBRARY");
        given != nullptr && *given != '\0') {
        if (fs::exists(given)) return fs::absolute(given);
        throw start_failure{fmt::format("TWILL_CHECK_LIBRARY: {} is not there", given)};
    }
    std::error_code ignored;
    const auto here = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    const auto beside = (here / TWILL_CHECK_LIBRARY_FROM_COMMAND).lexically_normal();
    if (fs::exists(beside, ignored)) return beside;
    throw start_failure{
        fmt::format("{} is not there; it is installed with the command", beside.string())};
}

}  // namespace twill_command::check
