// Pipes inside the program, and to its children.
//
//     auto [reader, writer] = twill::make_pipe();
//     co_await writer.write_all("hello");
#pragma once

#include <twill/core/config.hpp>
#include <twill/io/byte_stream.hpp>

#include <utility>

namespace twill::inline TWILL_ABI {

class pipe_reader : private byte_stream {
public:
    // Takes over `fd`, which must be non-blocking.
    explicit pipe_reader(int fd) noexcept : byte_stream(fd, detail::pipe_stream) {}
    using byte_stream::close;
    using byte_stream::is_open;
    using byte_stream::native_handle;
    using byte_stream::read_exactly;
    using byte_stream::read_some;
};

class pipe_writer : private byte_stream {
public:
    // Takes over `fd`, which must be non-blocking.
    explicit pipe_writer(int fd) noexcept : byte_stream(fd, detail::pipe_stream) {}
    using byte_stream::close;
    using byte_stream::is_open;
    using byte_stream::native_handle;
    using byte_stream::write_all;
    using byte_stream::write_some;
};

struct pipe_ends {
    pipe_reader reader;
    pipe_writer writer;
};

// A new pipe, both ends non-blocking and close-on-exec. Throws io_error. Any thread.
[[nodiscard]] TWILL_API pipe_ends make_pipe();

}  // namespace twill::inline TWILL_ABI
