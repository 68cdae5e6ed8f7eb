#include "common/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr int could_not_execute = 127;

// In the child of a fork: only what is safe there.
[[noreturn]] void become(char* const* argv, const program& what, int listening, int out,
                         pid_t parent) {
    // Dies with the parent, also with one that died before this line.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(could_not_execute);
    if (what.cpu) {
        cpu_set_t only;
        CPU_ZERO(&only);
        CPU_SET(*what.cpu, &only);
        sched_setaffinity(0, sizeof only, &only);
    }
    const int in = what.listens ? listening : open(what.input.c_str(), O_RDONLY | O_CLOEXEC);
    if (in >= 0) {
        dup2(in, STDIN_FILENO);
        dup2(out, STDOUT_FILENO);
        execvp(argv[0], argv);
    }
    _exit(could_not_execute);
}

// "name value" taken apart; nothing for any other line.
std::optional<std::pair<std::string, double>> parse(const std::string& line) {
    const auto space = line.find(' ');
    if (space == 0 || space == std::string::npos) return {};
    double value = 0;
    const char* end = line.data() + line.size();
    const auto [rest, error] = std::from_chars(line.data() + space + 1, end, value);
    if (error != std::errc() || rest != end) return {};
    return std::pair(line.substr(0, space), value);
}

double seconds(const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

std::string ending(int status) {
    if (WIFSIGNALED(status)) return std::string("was killed by ") + strsignal(WTERMSIG(status));
    if (WEXITSTATUS(status) == could_not_execute) return "could not be executed";
    return "ended with " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

running_program::running_program(const program& what)
    : name_(what.argv.at(0)), began_(now()), deadline_(after(began_, what.limit)) {
    for (std::size_t i = 1; i < what.argv.size(); ++i) name_ += " " + what.argv[i];
    std::vector<char*> argv;
    for (const std::string& word : what.argv) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);

    std::array<int, 2> ends{};
    std::array<int, 2> words{-1, -1};
    // Words go over a socket: one whose reader is gone gives an error, and no signal.
    if (pipe2(ends.data(), O_CLOEXEC) != 0 ||
        (what.listens && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, words.data()) != 0))
        throw std::runtime_error("no pipe for " + name_);
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ == 0) become(argv.data(), what, words[0], ends[1], parent);
    close(ends[1]);
    if (what.listens) close(words[0]);
    out_ = ends[0];
    in_ = words[1];
    if (pid_ < 0) {
        close_pipes();
        throw std::runtime_error("fork for " + name_ + ": " + std::strerror(errno));
    }
}

void running_program::close_pipes() {
    for (int* end : {&out_, &in_})
        if (*end >= 0) close(std::exchange(*end, -1));
}

running_program::~running_program() {
    close_pipes();
    if (pid_ < 0) return;
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

void running_program::wait_for_output() const {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - now());
        if (left.count() <= 0) throw std::runtime_error(name_ + " did not end in time");
        pollfd out{.fd = out_, .events = POLLIN, .revents = 0};
        if (poll(&out, 1, static_cast<int>(left.count())) > 0) return;
    }
}

std::optional<std::string> running_program::next_line() {
    for (;;) {
        if (const auto end = buffered_.find('\n'); end != std::string::npos) {
            std::string line = buffered_.substr(0, end);
            buffered_.erase(0, end + 1);
            return line;
        }
        std::array<char, 4096> part;  // filled by read
        wait_for_output();
        const ssize_t n = read(out_, part.data(), part.size());
        if (n <= 0) return {};
        buffered_.append(part.data(), static_cast<std::size_t>(n));
    }
}

double running_program::await(std::string_view name) {
    while (const auto line = next_line())
        if (const auto found = parse(*line); found && found->first == name) return found->second;
    throw std::runtime_error(name_ + " did not print '" + std::string(name) + "'");
}

void running_program::say(std::string_view line) {
    const std::string all = std::string(line) + '\n';
    if (send(in_, all.data(), all.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(all.size()))
        throw std::runtime_error(name_ + " does not listen");
}

metrics running_program::finish() {
    if (in_ >= 0) close(std::exchange(in_, -1));
    metrics all;
    while (const auto line = next_line())
        if (auto found = parse(*line)) all.insert_or_assign(found->first, found->second);
    rusage used{};
    int status = 0;
    while (wait4(pid_, &status, 0, &used) < 0)
        if (errno != EINTR) throw std::runtime_error("wait for " + name_ + " failed");
    pid_ = -1;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error(name_ + " " + ending(status));
    all["wall_s"] = std::chrono::duration<double>(now() - began_).count();
    all["cpu_s"] = seconds(used.ru_utime) + seconds(used.ru_stime);
    all["peak_kib"] = static_cast<double>(used.ru_maxrss);
    return all;
}

metrics run_program(const program& what) {
    running_program running(what);
    return running.finish();
}

std::vector<unsigned> usable_cpus() {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    sched_getaffinity(0, sizeof mask, &mask);
    std::vector<unsigned> cpus;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &mask)) cpus.push_back(cpu);
    return cpus;
}

}  // namespace twill::inline TWILL_ABI::bench
