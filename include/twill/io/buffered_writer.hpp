// Writing a stream in small pieces, which reach it in large ones.
//
//     twill::buffered_writer out(stream);
//     for (const auto& row : rows) co_await out.write_all(to_text(row));
//     co_await out.flush();
//
// Cancelled, or failed: the bytes that the writer has accepted and the stream has not stay in the
// writer, in their order; another `flush` goes on where this one ended. What was not flushed when
// the writer goes is lost: a destructor cannot wait.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/io/byte_stream.hpp>
#include <twill/io/detail/byte_buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace twill::inline TWILL_ABI {

// Writes to `stream`, which must stay where it is, and nobody else write to it meanwhile. Is a
// writable_stream itself. What the stream throws passes. Thread-safety: one task at a time.
template <writable_stream Stream>
class buffered_writer {
public:
    // `capacity`: how many bytes it keeps at most. They are allocated with the first write.
    explicit buffered_writer(Stream& stream, std::size_t capacity = std::size_t{16} << 10U) noexcept
        : stream_(&stream), capacity_(std::max<std::size_t>(capacity, 1)) {}

    // Accepts all of `from`; suspends only when that needs room. `progress`: receives how many
    // bytes were accepted, however it ends: they are in the writer or in the stream.
    [[nodiscard]] task<std::size_t> write_all(std::span<const std::byte> from,
                                              std::size_t* progress = nullptr) {
        std::size_t unasked = 0;
        std::size_t& done = progress != nullptr ? *progress : unasked;
        done = 0;
        for (;;) {
            const auto rest = from.subspan(done);
            if (kept_.empty() && rest.size() >= capacity_) {
                // Nothing is gained by copying it.
                const added_at_end count(done);
                co_await stream_->write_all(rest, count.moved());
                break;
            }
            if (kept_.capacity() == 0) static_cast<void>(kept_.room(capacity_));
            done += keep(rest);
            if (done == from.size()) break;
            co_await flush();
        }
        co_return from.size();
    }
    [[nodiscard]] task<std::size_t> write_all(std::string_view text,
                                              std::size_t* progress = nullptr) {
        return write_all(std::as_bytes(std::span(text)), progress);
    }

    // Accepts at least one byte of `from`; gives how many.
    [[nodiscard]] task<std::size_t> write_some(std::span<const std::byte> from) {
        return write_all(from.first(std::min(from.size(), std::max(free(), std::size_t{1}))));
    }

    // Suspends until the stream has taken all that was accepted.
    [[nodiscard]] task<> flush() {
        while (!kept_.empty()) {
            const taken_at_end count(kept_);
            co_await stream_->write_all(kept_.bytes(), count.moved());
        }
    }

    // What was accepted and not yet written.
    [[nodiscard]] std::span<const std::byte> pending() const noexcept { return kept_.bytes(); }
    [[nodiscard]] Stream& stream() const noexcept { return *stream_; }

private:
    // They see to it that what the stream took is counted also when it throws.
    class added_at_end {
    public:
        explicit added_at_end(std::size_t& to) noexcept : to_(to) {}
        added_at_end(const added_at_end&) = delete;
        added_at_end& operator=(const added_at_end&) = delete;
        ~added_at_end() { to_ += moved_; }
        std::size_t* moved() const noexcept { return &moved_; }

    private:
        std::size_t& to_;
        mutable std::size_t moved_ = 0;
    };
    class taken_at_end {
    public:
        explicit taken_at_end(detail::byte_buffer& from) noexcept : from_(from) {}
        taken_at_end(const taken_at_end&) = delete;
        taken_at_end& operator=(const taken_at_end&) = delete;
        ~taken_at_end() { from_.take(moved_); }
        std::size_t* moved() const noexcept { return &moved_; }

    private:
        detail::byte_buffer& from_;
        mutable std::size_t moved_ = 0;
    };

    std::size_t free() const noexcept { return capacity_ - kept_.size(); }
    // Keeps as much of it as fits.
    std::size_t keep(std::span<const std::byte> from) {
        const std::size_t count = std::min(from.size(), free());
        if (count == 0) return 0;
        static_cast<void>(kept_.room(count));
        kept_.put(from.first(count));
        return count;
    }

    Stream* stream_;
    detail::byte_buffer kept_;
    std::size_t capacity_;
};

}  // namespace twill::inline TWILL_ABI
