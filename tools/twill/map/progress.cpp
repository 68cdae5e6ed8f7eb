#include "twill/map/progress.hpp"

#include "twill/common/message.hpp"

#include <twill/core/sleep.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>

namespace twill_command {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t bar_width = 30;
constexpr std::string_view erase_line = "\r\x1b[K";

bool shows_lines(int fd) {
    const char* kind = std::getenv("TERM");
    return ::isatty(fd) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

std::size_t terminal_width() {
    constexpr std::size_t usual = 80;
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual;
    return size.ws_col;
}

// Where jobs are most of their time, when their number is the limit.
const char* where(double share_on_cpu) {
    if (share_on_cpu < 0) return "their number";
    return share_on_cpu >= 0.5 ? "the CPUs" : "waiting on I/O";
}

const char* in_words(const job_counts& counts) {
    switch (counts.limited_by) {
        case limiter::nothing:
            return "";
        case limiter::inputs:
            return "inputs that are not there yet";
        case limiter::output:
            return "who reads the output";
        case limiter::jobs:
            return where(counts.share_on_cpu);
        case limiter::delay:
            return "--delay";
        case limiter::load:
            return "--load";
        case limiter::memory:
            return "memory";
        case limiter::stall:
            return "others that wait for memory";
        case limiter::processes:
            return "the number of processes";
        case limiter::quota:
            return "the CPU quota";
        case limiter::count:
            break;
    }
    return "";
}

}  // namespace

std::string progress_line(const job_counts& counts, std::optional<std::size_t> total,
                          std::size_t width) {
    std::string line;
    if (total && *total > 0) {
        const std::size_t filled = bar_width * counts.ended() / *total;
        line = fmt::format("[{:#<{}}{:.<{}}] {}% {} of {}", "", filled, "", bar_width - filled,
                           100 * counts.ended() / *total, counts.ended(), *total);
    } else {
        line = fmt::format("{} done", counts.ended());
    }
    if (counts.failed > 0) line += fmt::format(", {} failed", counts.failed);
    line += fmt::format(", {} running", counts.running);
    if (counts.allowed > 0) line += fmt::format(" of {} allowed", counts.allowed);
    if (const std::string_view why = in_words(counts); !why.empty())
        line += fmt::format(", limited by: {}", why);
    // The last column stays free: a full line would wrap.
    line.resize(std::min(line.size(), width - 1));
    return line;
}

progress::progress(const job_counts& counts, std::optional<std::size_t> total) noexcept
    : counts_(counts),
      total_(total),
      is_shown_(shows_lines(STDERR_FILENO)),
      shows_output_(::isatty(STDOUT_FILENO) == 1) {}

void progress::hide() {
    if (drawn_.empty()) return;
    write_to_stderr(erase_line);
    drawn_.clear();
}

void progress::draw() {
    if (!is_drawing_ || !at_line_start_) return;
    std::string line = progress_line(counts_, total_, terminal_width());
    if (line == drawn_) return;
    // A terminal that was stopped (Ctrl-S) must not stop the jobs.
    pollfd state{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&state, 1, 0) != 1) return;
    write_to_stderr(std::string(erase_line) + line);
    drawn_ = std::move(line);
}

twill::task<> progress::keep_drawn() {
    for (;;) {
        co_await twill::sleep(100ms);
        draw();
    }
}

}  // namespace twill_command
