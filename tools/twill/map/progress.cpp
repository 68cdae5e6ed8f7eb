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
    // The last column stays free: a full line would wrap.
    line.resize(std::min(line.size(), width - 1));
    return line;
}

progress::progress(const job_counts& counts, std::optional<std::size_t> total) noexcept
    : counts_(counts), total_(total), is_shown_(shows_lines(STDERR_FILENO)) {}

void progress::hide() {
    if (drawn_.empty()) return;
    write_to_stderr(erase_line);
    drawn_.clear();
}

void progress::draw() {
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
