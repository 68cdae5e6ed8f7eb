// The inputs of `twill map`, one after the other: from the command line, from standard input or
// from a file.
#pragma once

#include "twill/common/readable.hpp"

#include <twill/core/task.hpp>

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twill_command {

// What an input may be.
struct input_bounds {
    std::size_t longest;
    bool may_hold_null;
    bool is_argument;  // of a program: who sets the bounds is the system

    static input_bounds of_arguments();
    static input_bounds of_workers(bool lengths) noexcept;
};

struct input {
    enum class flaw : std::uint8_t {
        none,
        too_long_for_argument,  // `bytes` is its beginning
        too_long_for_worker,    // likewise
        has_null,               // in a line
    };
    std::string_view bytes;  // until the next one is asked for
    flaw what_is_wrong = flaw::none;

    // In words, of one that has a flaw.
    [[nodiscard]] std::string problem() const;
};

class input_source {
public:
    // The words themselves, empty ones too.
    explicit input_source(std::span<char* const> words) : words_(words), total_(words.size()) {}
    // A file, or standard input for "-", split at `separator`; a last one need not be there. Empty
    // lines are skipped, empty inputs between NULs are not. Throws io_error.
    input_source(const std::string& path, char separator,
                 const input_bounds& bounds = input_bounds::of_arguments());
    ~input_source();
    input_source(const input_source&) = delete;
    input_source& operator=(const input_source&) = delete;

    // The next input; none at the end. Suspends until there is a whole one. Memory: one read's
    // worth, and up to twice the longest that came. Cancelled at once; nothing is lost. Throws
    // io_error.
    twill::task<std::optional<input>> next();

    // Whether `next` would give one, or the end, without waiting for anybody.
    [[nodiscard]] bool has_one_at_hand() const noexcept;

    // How many there are, where that can be known from the start: not of pipes, and not of files
    // so large that counting takes long.
    [[nodiscard]] std::optional<std::size_t> total() const noexcept { return total_; }

    // About how many are left: of a file, by the length of those before. None: a pipe may bring
    // more.
    [[nodiscard]] std::optional<std::size_t> left() const noexcept;

private:
    [[nodiscard]] std::optional<std::size_t> count(off_t from) const;
    std::optional<input> take_line();
    std::optional<input> take_rest();
    std::optional<input> finish(std::string_view line);
    twill::task<> read_more();

    std::span<char* const> words_;
    std::size_t next_word_ = 0;
    std::optional<std::size_t> total_;

    // buffer_[begin_, end_) is read and not given yet; no separator is in its first `searched_`
    // bytes.
    int file_ = -1;
    std::string name_;
    std::optional<watched_descriptor> stream_;
    char separator_ = '\n';
    input_bounds bounds_{};
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t searched_ = 0;
    bool skipping_ = false;  // the rest of an input that is too long
    bool at_end_ = false;
    std::optional<std::size_t> size_;  // of a file that is one
    std::size_t read_ = 0;             // bytes of it
    std::size_t given_ = 0;
    std::string beginning_;  // of the one that is skipped
};

}  // namespace twill_command
