// Reading and writing bytes, as sockets and pipes have it in common.
//
//     std::byte buffer[4096];
//     while (std::size_t n = co_await stream.read_some(buffer))
//         co_await stream.write_all(std::span(buffer).first(n));
//
// All of these suspend the task, not the thread. One read and one write may be under way at a time;
// a second one in the same direction throws io_error EBUSY. Buffer and stream must stay until the
// operation has ended; awaiting it ensures that, cancellation included.
//
// Cancelled: `cancelled` is thrown. The `_some` forms have moved nothing then; the others may have
// moved part: pass `&progress` to learn how much, or give up the stream.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/reactor.hpp>
#include <twill/core/task.hpp>
#include <twill/io/detail/stream_operations.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>

namespace twill::inline TWILL_ABI {

namespace detail {
class file_sending;
}

// An open stream; closes its descriptor when it goes. Movable while no operation is under way.
// Thread-safety: one task at a time in each direction.
class TWILL_API byte_stream {
public:
    // Reads at least one byte and at most `into.size()`, as many as there are; gives how many, 0 at
    // the end of the stream. Throws io_error.
    detail::read_call read_some(std::span<std::byte> into) noexcept {
        return {&source_, kind_.read, into, detail::extent::some, nullptr};
    }

    // Fills `into` completely. Throws end_of_stream when the stream ends before, io_error.
    // `progress`: receives how many bytes were read, however it ends.
    detail::read_call read_exactly(std::span<std::byte> into,
                                   std::size_t* progress = nullptr) noexcept {
        return {&source_, kind_.read, into, detail::extent::whole, progress};
    }

    // Waits until something can be read, or the end: so that one who waits for long need not hold a
    // buffer meanwhile. It may end too early, and the read then waits. Counts as a read. Cancelled
    // at once. Throws io_error.
    detail::arrival_call arrival() noexcept { return {&source_}; }

    // Writes at least one byte of `from`, as many as fit; gives how many. Throws io_error: EPIPE or
    // ECONNRESET when nobody reads any more (SIGPIPE is never raised).
    detail::write_call write_some(std::span<const std::byte> from) noexcept {
        return {&source_, kind_.write, from, detail::extent::some, nullptr};
    }

    // Writes all of `from`. Throws io_error. `progress`: receives how many bytes were written,
    // however it ends.
    detail::write_call write_all(std::span<const std::byte> from,
                                 std::size_t* progress = nullptr) noexcept {
        return {&source_, kind_.write, from, detail::extent::whole, progress};
    }
    detail::write_call write_all(std::string_view text, std::size_t* progress = nullptr) noexcept {
        return write_all(std::as_bytes(std::span(text)), progress);
    }

    // Closes the descriptor now; harmless when it is closed. No operation may be under way.
    void close() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return source_.fd >= 0; }
    // The descriptor, which stays the stream's; -1 when closed.
    [[nodiscard]] int native_handle() const noexcept { return source_.fd; }

    byte_stream(byte_stream&&) noexcept = default;
    byte_stream& operator=(byte_stream&& other) noexcept;
    ~byte_stream() { close(); }

protected:
    // Takes over `fd`, which must be non-blocking.
    byte_stream(int fd, detail::stream_kind kind) noexcept : source_(fd), kind_(kind) {}
    [[nodiscard]] io_source& source() noexcept { return source_; }

private:
    friend class detail::file_sending;

    io_source source_;
    detail::stream_kind kind_;
};

// What generic code may ask of a stream: the operations above, with the same results, progress and
// manners when they are cancelled. Sockets, pipes, duplex_stream, TLS and the buffered ones have
// them; so has whatever wraps one of these.
template <class S>
concept readable_stream = requires(S& s, std::span<std::byte> into, std::size_t* progress) {
    requires std::same_as<await_result<decltype(s.read_some(into))>, std::size_t>;
    s.read_exactly(into, progress);
};
template <class S>
concept writable_stream = requires(S& s, std::span<const std::byte> from, std::size_t* progress) {
    requires std::same_as<await_result<decltype(s.write_some(from))>, std::size_t>;
    s.write_all(from, progress);
};

}  // namespace twill::inline TWILL_ABI
