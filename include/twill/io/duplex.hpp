// A connection inside the program: two connected streams, without the kernel. For tests of whatever
// works on streams: each run moves the same bytes in the same pieces, and faults come where the
// test says.
//
//     auto [client, server] = twill::duplex(64);           // holds 64 bytes each way
//     server.reset_after(10);                              // breaks after the server's tenth byte
//     co_await twill::when_all(serve(server), ask(client));
//
// Reading and writing is as with byte_stream (see there: results, progress, cancellation, EBUSY),
// and so is what one end sees of the other, as far as TCP has it in common:
//   - the peer has closed, or shut down its writing: what it wrote can be read, then comes the end
//     of the stream;
//   - the peer has closed: a write fails with EPIPE (at once, where TCP may take one more);
//   - the connection was reset: what had arrived can be read, then reads fail with ECONNRESET;
//     writes do so at once.
#pragma once

#include <twill/core/config.hpp>
#include <twill/io/detail/duplex_operation.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {

// One end. Movable while no operation is under way at it. Thread-safety: one task at a time in each
// direction; the two ends are independent of each other, in one runtime or in two.
class TWILL_API duplex_stream {
public:
    // As byte_stream.
    detail::duplex_call read_some(std::span<std::byte> into) noexcept {
        return reading(into, detail::extent::some, nullptr);
    }
    detail::duplex_call read_exactly(std::span<std::byte> into,
                                     std::size_t* progress = nullptr) noexcept {
        return reading(into, detail::extent::whole, progress);
    }
    detail::duplex_call write_some(std::span<const std::byte> from) noexcept {
        return writing(from, detail::extent::some, nullptr);
    }
    detail::duplex_call write_all(std::span<const std::byte> from,
                                  std::size_t* progress = nullptr) noexcept {
        return writing(from, detail::extent::whole, progress);
    }
    detail::duplex_call write_all(std::string_view text, std::size_t* progress = nullptr) noexcept {
        return write_all(std::as_bytes(std::span(text)), progress);
    }

    // Says that nothing more will be written. Harmless when it was said, or the end is closed.
    void shutdown_write() noexcept;
    // Harmless when it is closed. No operation may be under way at this end.
    void close() noexcept;
    // Resets the connection, and closes this end.
    void abort() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return link_ != nullptr; }

    // Faults, for what this end does from now on. The last call of `reset_after` and `end_after`
    // counts. Throw usage_error when the end is closed.

    // Once this end has written `bytes` more, the connection is reset: the peer can read these, and
    // a longer write here fails with that many as its progress. 0: now.
    void reset_after(std::size_t bytes);
    // Once this end has written `bytes` more, the peer reads the end of the stream, as if somebody
    // in between had cut it: this end notices nothing, and what else it writes vanishes. 0: now.
    void end_after(std::size_t bytes);
    // Each read moves at most so many bytes, and each write: the first `sizes[0]`, the next
    // `sizes[1]`, and so on, again from the front after the last; empty: as many as there are. The
    // whole forms go on until they are complete, a piece at a time. Throw usage_error for a size 0.
    void read_in_pieces(std::vector<std::size_t> sizes);
    void write_in_pieces(std::vector<std::size_t> sizes);

    duplex_stream(duplex_stream&& other) noexcept = default;
    duplex_stream& operator=(duplex_stream&& other) noexcept;
    ~duplex_stream() { close(); }

private:
    friend TWILL_API std::pair<duplex_stream, duplex_stream> duplex(std::size_t capacity);
    duplex_stream(std::shared_ptr<detail::duplex_link> link, detail::duplex_side side) noexcept
        : link_(std::move(link)), side_(side) {}

    detail::duplex_call reading(std::span<std::byte> into, detail::extent much,
                                std::size_t* progress) noexcept {
        return {link_.get(), side_, detail::duplex_way::read, into, much, progress};
    }
    detail::duplex_call writing(std::span<const std::byte> from, detail::extent much,
                                std::size_t* progress) noexcept {
        // They are only read: the operation has one kind of span for both ways.
        const std::span bytes(const_cast<std::byte*>(from.data()), from.size());
        return {link_.get(), side_, detail::duplex_way::write, bytes, much, progress};
    }
    detail::duplex_link& link();

    std::shared_ptr<detail::duplex_link> link_;  // null when closed
    detail::duplex_side side_;
};

// Two connected ends. `capacity`: how many bytes each direction holds that were written and not
// read; a writer waits when it is full. Throws usage_error for 0, std::bad_alloc. Any thread.
[[nodiscard]] TWILL_API std::pair<duplex_stream, duplex_stream> duplex(
    std::size_t capacity = std::size_t{64} << 10U);

}  // namespace twill::inline TWILL_ABI
