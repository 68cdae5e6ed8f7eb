#include "twill/map/job_log.hpp"

#include "twill/map/file_lock.hpp"

#include <twill/core/error.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/blocking.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <string_view>
#include <utility>

namespace twill_command {
namespace {

using namespace std::chrono_literals;

// Lines that come within this time go to the disk together: it is not kept busy with each.
constexpr twill::duration gathering = 20ms;

constexpr mode_t usual_mode = 0666;

bool is_regular(int file) {
    struct stat about{};
    return ::fstat(file, &about) == 0 && S_ISREG(about.st_mode);
}

}  // namespace

job_history::job_history(const std::string& path) {
    const log_format format = format_for(path);
    std::string_view header = header_of(format);
    std::ifstream file(path);
    if (!file) {
        if (errno != ENOENT) throw twill::io_error("read", path, errno);
        return;
    }
    std::string line;
    for (std::size_t number = 1; std::getline(file, line); ++number) {
        if (file.eof()) break;  // torn
        if (number == 1 && !header.empty()) {
            if (line + "\n" != header)
                throw unusable_log(fmt::format("{} is no log of twill map", path));
        } else if (const auto job = parse_line(line, format)) {
            succeeded_[job->id] = job->success;
        } else {
            throw unusable_log(fmt::format(
                "{}:{}: this line is none of a log of twill map; mend or remove it", path, number));
        }
        length_ += line.size() + 1;
    }
    if (file.bad()) throw twill::io_error("read", path, errno);
}

bool job_history::settles(const job_id& job, bool failed_again) const {
    const auto found = succeeded_.find(job);
    return found != succeeded_.end() && (found->second || !failed_again);
}

job_log::job_log(std::string path, bool goes_on, std::function<void()> sync_outputs)
    : path_(std::move(path)),
      format_(format_for(path_)),
      sync_outputs_(std::move(sync_outputs)),
      file_(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, usual_mode)) {
    if (file_ < 0) throw twill::io_error("open the log", path_, errno);
    try {
        is_regular_ = is_regular(file_);
        if (is_regular_) {
            if (!lock_file(file_))
                throw unusable_log(fmt::format("{} is in use: another twill map writes it", path_));
            earlier_ = job_history(path_);
            if (!goes_on && !earlier_.empty())
                throw unusable_log(fmt::format(
                    "{} holds the log of an earlier run: go on with --resume or --retry-failed, or "
                    "remove it",
                    path_));
            length_ = earlier_.length();
            if (::ftruncate(file_, static_cast<off_t>(length_)) != 0)
                throw twill::io_error("truncate", path_, errno);
        }
        if (length_ == 0) write_out(header_of(format_));
    } catch (...) {
        ::close(file_);
        throw;
    }
}

job_log::~job_log() { ::close(file_); }

void job_log::add(const job_record& job) {
    if (broken_) return;
    added_ += to_line(job, format_);
    ++unwritten_;
    changed_.announce();
}

void job_log::close() noexcept {
    closed_ = true;
    changed_.announce();
}

twill::task<> job_log::closing() {
    while (!closed_) co_await changed_.next();
}

twill::task<> job_log::run() {
    for (;;) {
        if (added_.empty()) {
            if (closed_) co_return;
            co_await changed_.next();
            continue;
        }
        writing_ = std::exchange(added_, {});
        const std::size_t lines = unwritten_;
        // Cancelled before it ran: the lines are still there, for `finish`.
        if (waits())
            co_await twill::blocking([this] { write(writing_); });
        else
            write(writing_);
        writing_.clear();
        unwritten_ -= lines;
        written_.announce();
        if (!sync_outputs_) continue;
        try {
            co_await twill::with_timeout(gathering, closing());
        } catch (const twill::timed_out&) {
            // There may be more to write.
        }
    }
}

// Whether a write may take long; else it is a copy into the kernel's memory.
bool job_log::waits() const noexcept { return sync_outputs_ != nullptr || !is_regular_; }

void job_log::finish() {
    if (broken_) return;
    const std::string left = std::exchange(writing_, {}) + std::exchange(added_, {});
    if (!left.empty()) write(left);
}

// The outputs first: a line must not reach the disk before what it promises.
void job_log::write(const std::string& lines) {
    try {
        if (sync_outputs_) sync_outputs_();
        write_out(lines);
        if (sync_outputs_ && is_regular_ && ::fdatasync(file_) != 0)
            throw twill::io_error("write to", path_, errno);
    } catch (...) {
        broken_ = true;
        throw;
    }
}

void job_log::write_out(std::string_view lines) {
    const std::size_t length = length_ + lines.size();
    while (!lines.empty()) {
        const ssize_t written = ::write(file_, lines.data(), lines.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            const int why = errno;
            // On a full disk: nothing rather than half a line. If that fails, it is a torn one.
            if (is_regular_) static_cast<void>(::ftruncate(file_, static_cast<off_t>(length_)));
            throw twill::io_error("write to", path_, why);
        }
        lines.remove_prefix(static_cast<std::size_t>(written));
    }
    length_ = length;
}

}  // namespace twill_command
