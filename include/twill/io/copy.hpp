// From one stream into another, to the end.
//
//     co_await twill::copy(client, server);
//
//     twill::copy_progress so_far;                          // for another task to look at
//     co_await twill::copy(in, out, {.limit = 1000, .progress = &so_far});
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/io/buffered_reader.hpp>
#include <twill/io/byte_stream.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace twill::inline TWILL_ABI {

struct copy_progress {
    std::uint64_t read = 0;     // taken from the one
    std::uint64_t written = 0;  // given to the other
};

struct copy_options {
    // Stops after so many bytes.
    std::uint64_t limit = UINT64_MAX;
    // How many bytes are read at a time at most.
    std::size_t buffer = std::size_t{64} << 10U;
    // Kept up to date while it runs, and right however it ends.
    copy_progress* progress = nullptr;
};

namespace detail {

// Writes it, and counts what was written also when that throws.
template <writable_stream To>
task<> write_counted(To& to, std::span<const std::byte> from, std::uint64_t& written) {
    std::size_t moved = 0;
    struct adding {
        std::uint64_t& sum;
        const std::size_t& moved;
        ~adding() { sum += moved; }
    } const at_end{written, moved};
    co_await to.write_all(from, &moved);
}

}  // namespace detail

// Reads `from` to its end, or up to the limit, and writes it to `to`, which it neither flushes nor
// shuts down. Gives how many bytes were written. Throws what the streams throw. Cancelled, or
// failed: what was read and not written is lost, at most `options.buffer` bytes; `progress` tells.
template <readable_stream From, writable_stream To>
[[nodiscard]] task<std::uint64_t> copy(From& from, To& to, copy_options options = {}) {
    copy_progress unasked;
    copy_progress& done = options.progress != nullptr ? *options.progress : unasked;
    done = {};
    const std::size_t size = std::max<std::size_t>(options.buffer, 1);
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(size);
    while (done.read < options.limit) {
        const auto most = std::min<std::uint64_t>(size, options.limit - done.read);
        const std::span into(buffer.get(), static_cast<std::size_t>(most));
        const std::size_t got = co_await from.read_some(into);
        if (got == 0) break;
        done.read += got;
        co_await detail::write_counted(to, into.first(got), done.written);
    }
    co_return done.written;
}

// The same from a buffered reader, through its buffer. Cancelled, or failed: nothing is lost; what
// was not written is still in the reader.
template <readable_stream From, writable_stream To>
[[nodiscard]] task<std::uint64_t> copy(buffered_reader<From>& from, To& to,
                                       copy_options options = {}) {
    copy_progress unasked;
    copy_progress& done = options.progress != nullptr ? *options.progress : unasked;
    done = {};
    while (done.read < options.limit) {
        if (from.buffered().empty() && co_await from.fill() == 0) break;
        const auto all = from.buffered();
        const auto part = all.first(static_cast<std::size_t>(
            std::min<std::uint64_t>(all.size(), options.limit - done.read)));
        const std::uint64_t before = done.written;
        struct consuming {
            buffered_reader<From>& from;
            copy_progress& done;
            std::uint64_t before;
            ~consuming() {
                done.read = done.written;
                from.consume(static_cast<std::size_t>(done.written - before));
            }
        } const at_end{from, done, before};
        co_await detail::write_counted(to, part, done.written);
    }
    co_return done.written;
}

}  // namespace twill::inline TWILL_ABI
