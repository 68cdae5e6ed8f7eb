// Pipes inside the program, to its children, and by name (FIFOs) to others.
//
//     auto [reader, writer] = twill::make_pipe();
//     co_await writer.write_all("hello");
//
//     twill::make_fifo("/run/app/commands", 0600);
//     twill::pipe_reader commands = co_await twill::open_fifo_reader("/run/app/commands");
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/io/byte_stream.hpp>

#include <sys/types.h>

#include <string>
#include <utility>

namespace twill::inline TWILL_ABI {

class pipe_reader : private byte_stream {
public:
    // Takes over `fd`, which must be non-blocking.
    explicit pipe_reader(int fd) noexcept : byte_stream(fd, detail::pipe_calls) {}
    using byte_stream::arrival;
    using byte_stream::close;
    using byte_stream::is_open;
    using byte_stream::native_handle;
    using byte_stream::read_exactly;
    using byte_stream::read_some;
};

class pipe_writer : private byte_stream {
public:
    // Takes over `fd`, which must be non-blocking.
    explicit pipe_writer(int fd) noexcept : byte_stream(fd, detail::pipe_calls) {}
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

// Makes a FIFO; what the process's umask forbids is taken from its permissions. Throws io_error:
// EEXIST when there is something. Any thread.
TWILL_API void make_fifo(const std::string& path, mode_t mode = 0666);

// Opens a FIFO for reading, once a writer has written, or come and gone: then the first read gives
// what there is, or the end of the stream, which comes again whenever the last writer has gone.
// Cancelled at once. Throws io_error: ENOENT, EACCES; EINVAL when it is no FIFO.
[[nodiscard]] TWILL_API task<pipe_reader> open_fifo_reader(std::string path);

// Opens a FIFO for writing, once somebody has it open for reading: it looks after 1 ms, then ever
// later up to every 50 ms, since the kernel does not tell. Cancelled and throws as above.
[[nodiscard]] TWILL_API task<pipe_writer> open_fifo_writer(std::string path);

}  // namespace twill::inline TWILL_ABI
