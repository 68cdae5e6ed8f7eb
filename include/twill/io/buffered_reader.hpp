// Reading a stream in the pieces that a protocol is made of.
//
//     twill::buffered_reader in(stream);
//     while (auto line = co_await in.read_line())          // without its end
//         use(*line);
//
//     auto head = co_await in.read_until("\r\n\r\n");      // with it
//     co_await in.read_exactly(body);
//
//     co_await in.fill();                                  // for a parser of one's own
//     in.consume(parse(in.buffered()));
//
// Bytes that were read and not taken stay in the reader. Cancelled: `cancelled` is thrown, and
// nothing is lost: what had arrived stays and is found by the next call; only the forms that copy
// into the caller's memory may have moved part of it there, see them. So a time limit for one line
// is `with_timeout(5s, in.read_line())`, and it can be asked for again.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/error.hpp>
#include <twill/core/task.hpp>
#include <twill/io/byte_stream.hpp>
#include <twill/io/detail/read_ahead.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>

namespace twill::inline TWILL_ABI {

// A line, or what `read_until` waits for, is longer than the reader's limit. Nothing was taken:
// `skip_until` goes on behind it.
class TWILL_API line_too_long : public std::runtime_error {
public:
    explicit line_too_long(std::size_t limit);
    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

private:
    std::size_t limit_;
};

struct reader_options {
    // Read ahead at most so much, unless one thing that is asked for is longer. An idle reader
    // begins with 1 KiB.
    std::size_t capacity = std::size_t{16} << 10U;
    // The longest line, without its end.
    std::size_t max_line = std::size_t{64} << 10U;
};

// Reads from `stream`, which must stay where it is, and nobody else read from it. Is a
// readable_stream itself. What the stream throws passes, and nothing is lost then either.
// Thread-safety: one task at a time.
template <readable_stream Stream>
class buffered_reader {
public:
    explicit buffered_reader(Stream& stream, reader_options options = {}) noexcept
        : stream_(&stream), ahead_(options.capacity), max_line_(options.max_line) {}

    // What was read and not taken; valid until the next call that reads.
    [[nodiscard]] std::span<const std::byte> buffered() const noexcept { return ahead_.bytes(); }
    // Takes `count` of them, at most all.
    void consume(std::size_t count) noexcept { ahead_.take(count); }

    // Reads what the stream gives at once, behind what is buffered; gives how many bytes, 0 at the
    // end of the stream.
    [[nodiscard]] task<std::size_t> fill() {
        const auto room = ahead_.room();
        const std::size_t got = co_await stream_->read_some(room);
        ahead_.added(got, room.size());
        co_return got;
    }

    // Reads until `count` bytes are buffered, or the stream ends; gives all that is buffered, and
    // takes nothing. Fewer than `count` only at the end.
    [[nodiscard]] task<std::span<const std::byte>> peek(std::size_t count = 1) {
        while (ahead_.size() < count && co_await fill() != 0) {
        }
        co_return buffered();
    }

    // The next line without its end ("\n" or "\r\n"); the last one may lack it. Nothing at the end
    // of the stream. Valid until the next call that reads. Throws line_too_long.
    [[nodiscard]] task<std::optional<std::string_view>> read_line() {
        std::size_t searched = 0;
        for (;;) {
            const std::string_view text = ahead_.text();
            const std::size_t end = text.find('\n', searched);
            const bool is_whole = end != std::string_view::npos;
            std::string_view line = text.substr(0, end);
            // A "\r" may be the beginning of its end.
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (line.size() > max_line_) throw line_too_long(max_line_);
            if (is_whole) {
                ahead_.take(end + 1);
                co_return line;
            }
            searched = text.size();
            if (co_await fill() == 0) break;
        }
        if (ahead_.size() == 0) co_return std::nullopt;
        const std::string_view rest = ahead_.text();
        ahead_.take(rest.size());
        co_return rest;
    }

    // All up to and with `delimiter`, which is not empty. Nothing when the stream ends before the
    // first byte; throws end_of_stream when it ends later, with what there is still buffered.
    // Valid until the next call that reads. Throws line_too_long.
    [[nodiscard]] task<std::optional<std::string_view>> read_until(std::string_view delimiter) {
        std::size_t searched = 0;
        for (;;) {
            const std::string_view text = ahead_.text();
            const std::size_t at = text.find(delimiter, searched);
            const bool is_there = at != std::string_view::npos;
            // The delimiter may have begun at the end of what is there.
            searched = text.size() < delimiter.size() ? 0 : text.size() - delimiter.size() + 1;
            if ((is_there ? at : searched) > max_line_) throw line_too_long(max_line_);
            if (is_there) {
                ahead_.take(at + delimiter.size());
                co_return text.substr(0, at + delimiter.size());
            }
            if (co_await fill() == 0) break;
        }
        if (ahead_.size() == 0) co_return std::nullopt;
        throw end_of_stream("read up to a delimiter from", "a stream", ahead_.size());
    }

    // Drops all up to and with `delimiter`, however long it is. False: the stream ended before.
    // Cancelled: what was dropped is gone, the next call goes on.
    [[nodiscard]] task<bool> skip_until(std::string_view delimiter) {
        for (;;) {
            const std::string_view text = ahead_.text();
            const std::size_t at = text.find(delimiter);
            if (at != std::string_view::npos) {
                ahead_.take(at + delimiter.size());
                co_return true;
            }
            if (text.size() >= delimiter.size()) ahead_.take(text.size() - delimiter.size() + 1);
            if (co_await fill() == 0) break;
        }
        ahead_.take(ahead_.size());
        co_return false;
    }

    // As byte_stream::read_some: what is buffered, else what the stream gives.
    [[nodiscard]] task<std::size_t> read_some(std::span<std::byte> into) {
        if (ahead_.size() == 0 && !into.empty()) {
            if (ahead_.is_much(into.size())) co_return co_await stream_->read_some(into);
            co_await fill();
        }
        co_return ahead_.take_into(into);
    }

    // As byte_stream::read_exactly. What `progress` counts was taken.
    [[nodiscard]] task<std::size_t> read_exactly(std::span<std::byte> into,
                                                 std::size_t* progress = nullptr) {
        std::size_t unasked = 0;
        std::size_t& done = progress != nullptr ? *progress : unasked;
        done = ahead_.take_into(into);
        while (done < into.size()) {
            const auto rest = into.subspan(done);
            const std::size_t before = done;
            if (ahead_.is_much(rest.size())) {
                done += co_await stream_->read_some(rest);
            } else {
                co_await fill();
                done += ahead_.take_into(rest);
            }
            if (done == before) throw end_of_stream("read from", "a stream", done);
        }
        co_return done;
    }

    // Gives the buffer's memory back when nothing is buffered; the next read takes new. For a
    // connection that is going to be idle.
    void release_memory() noexcept { ahead_.release(); }

    [[nodiscard]] Stream& stream() const noexcept { return *stream_; }

private:
    Stream* stream_;
    detail::read_ahead ahead_;
    std::size_t max_line_;
};

}  // namespace twill::inline TWILL_ABI
