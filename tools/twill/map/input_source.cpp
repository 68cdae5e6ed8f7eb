#include "twill/map/input_source.hpp"

#include <twill/core/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace twill_command {
namespace {

constexpr std::size_t read_size = 65536;
constexpr std::size_t shown_of_long_ones = 40;

}  // namespace

// The kernel's MAX_ARG_STRLEN is 32 pages, with the NUL at the end.
input_bounds input_bounds::of_arguments() {
    return {.longest = 32 * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) - 1,
            .may_hold_null = false,
            .is_argument = true};
}

input_bounds input_bounds::of_workers(bool lengths) noexcept {
    return {.longest = std::size_t{16} << 20U, .may_hold_null = lengths, .is_argument = false};
}

input_source::input_source(const std::string& path, char separator, const input_bounds& bounds)
    : file_(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
      name_(path == "-" ? "standard input" : path),
      separator_(separator),
      bounds_(bounds),
      buffer_(2 * read_size) {
    if (file_ < 0) throw twill::io_error("read inputs from", path, errno);
    struct stat what{};
    if (::fstat(file_, &what) == 0 && S_ISREG(what.st_mode)) {
        const off_t at = std::max<off_t>(::lseek(file_, 0, SEEK_CUR), 0);
        size_ = static_cast<std::size_t>(std::max<off_t>(what.st_size - at, 0));
        total_ = count(at);
    }
    stream_.emplace(file_);
}

input_source::~input_source() {
    stream_.reset();
    if (file_ > STDIN_FILENO) ::close(file_);
}

bool input_source::has_one_at_hand() const noexcept {
    if (!stream_ || at_end_) return true;
    return std::memchr(buffer_.data() + begin_, separator_, end_ - begin_) != nullptr;
}

// As `next` would.
std::optional<std::size_t> input_source::count(off_t from) const {
    constexpr std::size_t most = std::size_t{64} << 20U;
    if (*size_ > most) return std::nullopt;
    std::vector<char> piece(read_size);
    std::size_t inputs = 0;
    bool is_empty = true;  // the one that has begun
    for (std::size_t read = 0; read < *size_;) {
        const ssize_t got = ::pread(file_, piece.data(), piece.size(), from);
        if (got <= 0) break;
        const char* at = piece.data();
        const char* const end = at + got;
        while (at != end) {
            const auto* found = static_cast<const char*>(
                std::memchr(at, separator_, static_cast<std::size_t>(end - at)));
            if (found != at) is_empty = false;
            if (found == nullptr) break;
            if (!is_empty || separator_ != '\n') ++inputs;
            is_empty = true;
            at = found + 1;
        }
        from += got;
        read += static_cast<std::size_t>(got);
    }
    return is_empty ? inputs : inputs + 1;
}

std::optional<std::size_t> input_source::left() const noexcept {
    if (!stream_) return words_.size() - next_word_;
    const std::size_t in_buffer = end_ - begin_;
    if (at_end_ && in_buffer == 0) return 0;
    if (!size_ || given_ == 0) return std::nullopt;
    const std::size_t taken = read_ - in_buffer;
    const double typical = std::max(static_cast<double>(taken) / static_cast<double>(given_), 1.0);
    const std::size_t bytes = *size_ - std::min(taken, *size_);
    return static_cast<std::size_t>(static_cast<double>(bytes) / typical);
}

twill::task<std::optional<input>> input_source::next() {
    if (!stream_) {
        if (next_word_ == words_.size()) co_return std::nullopt;
        co_return input{words_[next_word_++]};
    }
    for (;;) {
        if (auto line = take_line()) co_return line;
        if (at_end_) co_return take_rest();
        co_await read_more();
    }
}

// The next input that is whole in the buffer; none when there is none.
std::optional<input> input_source::take_line() {
    for (;;) {
        const char* const unsearched = buffer_.data() + begin_ + searched_;
        const void* found = std::memchr(unsearched, separator_, end_ - begin_ - searched_);
        if (found == nullptr) break;
        const std::string_view line(buffer_.data() + begin_, static_cast<const char*>(found));
        begin_ += line.size() + 1;
        searched_ = 0;
        if (auto whole = finish(line)) return whole;
    }
    searched_ = end_ - begin_;
    if (searched_ > bounds_.longest || skipping_) {
        if (!skipping_) beginning_.assign(buffer_.data() + begin_, shown_of_long_ones);
        skipping_ = true;
        begin_ = end_ = searched_ = 0;
    }
    return std::nullopt;
}

// What stands behind the last separator.
std::optional<input> input_source::take_rest() {
    if (begin_ == end_ && !skipping_) return std::nullopt;
    const std::string_view line(buffer_.data() + begin_, end_ - begin_);
    begin_ = end_;
    searched_ = 0;
    return finish(line);
}

std::string input::problem() const {
    switch (what_is_wrong) {
        case flaw::none:
            break;
        case flaw::too_long_for_argument:
            return "the input is longer than the system allows for an argument";
        case flaw::too_long_for_worker:
            return "the input is longer than 16 MiB";
        case flaw::has_null:
            return "the input holds a NUL byte; are inputs NUL-separated (-0)?";
    }
    return {};
}

std::optional<input> input_source::finish(std::string_view line) {
    ++given_;
    const auto too_long =
        bounds_.is_argument ? input::flaw::too_long_for_argument : input::flaw::too_long_for_worker;
    if (std::exchange(skipping_, false)) return input{beginning_, too_long};
    if (line.size() > bounds_.longest) return input{line.substr(0, shown_of_long_ones), too_long};
    if (line.empty() && separator_ == '\n') return std::nullopt;
    const bool has_null = !bounds_.may_hold_null && line.find('\0') != std::string_view::npos;
    return input{line, has_null ? input::flaw::has_null : input::flaw::none};
}

twill::task<> input_source::read_more() {
    if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    // `take_line` lets go of what is longer than an input may be.
    if (buffer_.size() - end_ < read_size) buffer_.resize(2 * buffer_.size());
    for (;;) {
        co_await readable(stream_->source());
        const ssize_t got = ::read(file_, buffer_.data() + end_, read_size);
        if (got >= 0) {
            end_ += static_cast<std::size_t>(got);
            read_ += static_cast<std::size_t>(got);
            at_end_ = got == 0;
            co_return;
        }
        // EAGAIN: somebody else has read it, or has made it non-blocking.
        if (errno != EAGAIN && errno != EINTR) throw twill::io_error("read", name_, errno);
    }
}

}  // namespace twill_command
