// Runs the `twill` command as its users do, for tests: a process with standard streams, signals and
// an exit status.
//
//     running_command twill({"map", "echo", ":::", "a"});
//     outcome end = twill.finish();                       // end.out == "a\n", end.status == 0
//
// Every process that it starts, down to the last grandchild, carries a mark in its environment;
// `marked` finds what is left of them.
#pragma once

#include <twill/core/atomic.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace twill_test {

using namespace std::chrono_literals;

inline constexpr auto patience = 40s;

// Looks at `done` until it is true; false when that takes too long.
inline bool eventually(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!done()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

// A folder that goes with the test.
class scratch_folder {
public:
    scratch_folder() {
        std::string name = std::filesystem::temp_directory_path() / "twill-test-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        path_ = name;
    }
    ~scratch_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    [[nodiscard]] std::string operator/(const std::string& name) const { return path_ / name; }
    void make(const std::string& name) const { std::ofstream(path_ / name) << "x"; }
    [[nodiscard]] bool has(const std::string& name) const {
        return std::filesystem::exists(path_ / name);
    }
    [[nodiscard]] std::size_t size_of(const std::string& name) const {
        std::error_code none;
        const auto size = std::filesystem::file_size(path_ / name, none);
        return none ? 0 : size;
    }

private:
    std::filesystem::path path_;
};

struct outcome {
    int status = -1;  // as a shell has it: 128 + the signal that ended it
    std::string out;
    std::string err;
    long peak_kib = 0;
};

struct setting {
    std::string input = {};                     // all of standard input
    bool keep_input_open = false;               // standard input does not end with `input`
    std::function<void()> in_child = [] {};     // just before it becomes the command
    std::vector<std::string> environment = {};  // "NAME=value"
    bool own_output = true;  // false: standard output is what `in_child` makes it
};

class running_command {
public:
    explicit running_command(std::vector<std::string> words, const setting& how = {})
        : mark_("TWILL_TEST_MARK=" + std::to_string(::getpid()) + "-" + std::to_string(++made_)) {
        words.insert(words.begin(), TWILL_COMMAND);
        // Of the feeder, when the command does not read all.
        std::signal(SIGPIPE, SIG_IGN);
        auto in = make_pipe();
        auto out = make_pipe();
        auto err = make_pipe();
        pid_ = ::fork();
        if (pid_ == 0) become(words, how, in[0], out[1], err[1]);
        for (const int end : {in[0], out[1], err[1]}) ::close(end);
        in_ = in[1];
        out_ = out[0];
        err_ = err[0];
        // A test's input fits into a pipe, or is written while the command runs.
        feeder_ = std::thread([this, input = how.input, open = how.keep_input_open] {
            feed(input);
            fed_ = true;
            if (!open) end_input();
        });
    }
    ~running_command() {
        if (pid_ > 0) {
            // The test has failed, or never meant it to end: its jobs are not left behind.
            ::kill(-pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            for (const pid_t left : marked()) ::kill(left, SIGKILL);
        }
        close_output();
        if (feeder_.joinable()) feeder_.join();
        for (const int end : {in_, err_})
            if (end >= 0) ::close(end);
    }
    running_command(const running_command&) = delete;
    running_command& operator=(const running_command&) = delete;

    void feed(std::string_view text) {
        while (!text.empty()) {
            const ssize_t written = ::write(in_, text.data(), text.size());
            if (written < 0) return;
            text.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    // Once `input` is written.
    void close_input() {
        feeder_.join();
        end_input();
    }
    void close_output() {
        if (out_ >= 0) ::close(out_);
        out_ = -1;
    }

    // As the terminal does with Ctrl-C: to the whole process group.
    void signal(int number) const { ::kill(-pid_, number); }

    // Reads until both outputs have been seen to contain `text`; false when it does not come.
    bool says(const std::string& text) {
        return eventually([&] {
            collect(0);
            return seen_.out.find(text) != std::string::npos ||
                   seen_.err.find(text) != std::string::npos;
        });
    }
    [[nodiscard]] const outcome& so_far() const { return seen_; }

    // Reads to the end of the outputs, and waits.
    outcome finish() {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (collect(50) && std::chrono::steady_clock::now() < deadline) {
        }
        return wait();
    }
    // Waits without reading.
    outcome wait() {
        int status = 0;
        rusage used{};
        const bool ended =
            eventually([&] { return ::wait4(pid_, &status, WNOHANG, &used) == pid_; });
        EXPECT_TRUE(ended) << "the command did not end; it said: " << seen_.err;
        if (!ended) return seen_;
        pid_ = -1;
        seen_.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        seen_.peak_kib = used.ru_maxrss;
        return seen_;
    }

    // The processes that it has started and not yet waited for.
    [[nodiscard]] std::vector<pid_t> children() const {
        const std::string own = std::to_string(pid_);
        std::ifstream file("/proc/" + own + "/task/" + own + "/children");
        std::vector<pid_t> all;
        for (pid_t each = 0; file >> each;) all.push_back(each);
        return all;
    }
    // Whether nothing of its standard input is left to be read, though it was written.
    [[nodiscard]] bool has_read_input() const {
        int held = 1;
        return fed_ && ::ioctl(in_, FIONREAD, &held) == 0 && held == 0;
    }
    // Whether its standard output takes nothing more: the next write waits for a reader.
    [[nodiscard]] bool output_is_full() const {
        int held = 0;
        return ::ioctl(out_, FIONREAD, &held) == 0 && held == ::fcntl(out_, F_GETPIPE_SZ);
    }
    // Processes that carry the mark, whatever became of them.
    [[nodiscard]] std::vector<pid_t> marked() const {
        std::vector<pid_t> all;
        for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
            const std::string name = entry.path().filename();
            if (name.find_first_not_of("0123456789") != std::string::npos) continue;
            std::ifstream file(entry.path() / "environ", std::ios::binary);
            std::ostringstream text;
            text << file.rdbuf();
            if (text.str().find(mark_) != std::string::npos) all.push_back(std::stoi(name));
        }
        return all;
    }
    // Whether all of them are gone, soon.
    [[nodiscard]] bool left_nothing() const {
        return eventually([this] { return marked().empty(); });
    }

private:
    void end_input() {
        ::close(in_);
        in_ = -1;
    }

    static std::array<int, 2> make_pipe() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
        return ends;
    }

    [[noreturn]] void become(std::vector<std::string>& words, const setting& how, int in, int out,
                             int err) {
        ::setpgid(0, 0);
        std::signal(SIGPIPE, SIG_DFL);
        ::dup2(in, 0);
        if (how.own_output) ::dup2(out, 1);
        ::dup2(err, 2);
        ::putenv(mark_.data());
        for (const auto& each : how.environment) ::putenv(const_cast<char*>(each.c_str()));
        how.in_child();
        std::vector<char*> argv;
        for (auto& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        ::execv(argv[0], argv.data());
        ::_exit(125);
    }

    // Reads what there is, after at most `wait_ms`; false at the end of both.
    bool collect(int wait_ms) {
        pollfd ends[] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
        if (out_ < 0 && err_ < 0) return false;
        ::poll(ends, 2, wait_ms);
        take(ends[0], out_, seen_.out);
        take(ends[1], err_, seen_.err);
        return out_ >= 0 || err_ >= 0;
    }
    static void take(const pollfd& end, int& fd, std::string& into) {
        if (fd < 0 || end.revents == 0) return;
        std::array<char, 65536> part;
        const ssize_t got = ::read(fd, part.data(), part.size());
        if (got > 0) {
            into.append(part.data(), static_cast<std::size_t>(got));
        } else {
            ::close(fd);
            fd = -1;
        }
    }

    inline static int made_ = 0;
    std::string mark_;
    pid_t pid_ = -1;
    int in_ = -1;
    int out_ = -1;
    int err_ = -1;
    twill::atomic<bool> fed_{false};
    std::thread feeder_;
    outcome seen_;
};

inline outcome run_command(std::vector<std::string> words, const setting& how = {}) {
    running_command command(std::move(words), how);
    return command.finish();
}

// `twill map OPTIONS -- sh -c SCRIPT sh {}`: in the script, $1 is the input.
inline std::vector<std::string> map_shell(std::vector<std::string> options,
                                          const std::string& script,
                                          const std::vector<std::string>& inputs = {}) {
    options.insert(options.begin(), "map");
    for (const char* word : {"--", "sh", "-c"}) options.emplace_back(word);
    options.push_back(script);
    for (const char* word : {"sh", "{}"}) options.emplace_back(word);
    if (!inputs.empty()) options.emplace_back(":::");
    options.insert(options.end(), inputs.begin(), inputs.end());
    return options;
}

inline std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

// In a script: goes on when the file is there.
inline std::string until(const std::string& path) {
    return "while [ ! -e '" + path + "' ]; do sleep 0.01; done; ";
}

}  // namespace twill_test
