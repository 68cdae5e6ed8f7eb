// How a worker that stays (`--worker`) is given inputs, and how its answers are told apart.
//
//   lines    An input is a line. The answer is whatever the worker writes, up to the word that
//            $TWILL_MAP_END holds, a space, a status, and the end of the line.
//   lengths  An input is its length in bytes, in decimal, the end of the line, and the bytes. The
//            answer is a line with a status, the length of the output and that of the error output,
//            and then the bytes of both.
//
// docs/map.md has it for users, share/worker for C, Python and a shell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twill_command {

enum class worker_protocol : std::uint8_t { none, lines, lengths };

// Appends what a worker reads for `input`.
void append_input(std::string& to, std::string_view input, worker_protocol protocol);

// Takes apart what a worker writes.
//
//     parser.added(co_await pipe.read_some(parser.room()));
//     for (auto part = parser.next(); part.what != answer_part::kind::more; part = parser.next())
struct answer_part {
    enum class kind : std::uint8_t {
        more,    // all of it was taken: read
        output,  // `bytes` of the answer
        error_output,
        end,   // of the answer
        wrong  // what comes is none; nothing more is made of it
    };
    kind what = kind::more;
    std::span<const std::byte> bytes{};  // until the next call
    int status = 0;                      // of an end
};

class answer_parser {
public:
    // `mark`: what ends an answer of `lines`.
    answer_parser(worker_protocol protocol, std::string mark);

    // Where the next bytes go; never empty once `next` gave `more`.
    [[nodiscard]] std::span<std::byte> room();
    void added(std::size_t count) noexcept { end_ += count; }

    answer_part next();

    // Whether part of an answer has come, but not its end.
    [[nodiscard]] bool is_inside() const noexcept { return inside_ || begin_ != end_; }

private:
    [[nodiscard]] std::string_view text() const noexcept {
        return {buffer_.data() + begin_, end_ - begin_};
    }
    answer_part take(answer_part::kind what, std::size_t count);
    answer_part next_of_lines();
    answer_part next_of_lengths();
    answer_part end_of(int status);

    worker_protocol protocol_;
    std::string mark_;
    std::vector<char> buffer_;  // [begin_, end_) is there and was not taken
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool inside_ = false;
    // Of an answer with lengths, once its first line was read.
    bool has_head_ = false;
    int status_ = 0;
    std::uint64_t output_left_ = 0;
    std::uint64_t error_left_ = 0;
};

}  // namespace twill_command
