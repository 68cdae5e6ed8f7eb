// What connected sockets have in common: TCP's and local ones.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/io/byte_stream.hpp>

#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI {

// See tcp.hpp and unix_socket.hpp. Each end can be shut down in either direction, by itself.
class TWILL_API socket_stream : public byte_stream {
public:
    // Says that nothing more will be written: the peer reads the end of the stream, and can still
    // answer. Throws io_error: ENOTCONN when the peer has reset the connection.
    void shutdown_write();

    // Says that nothing more will be read: a read that waits, and each later one, gives what had
    // arrived, then the end of the stream. Writing goes on. A peer on this machine gets EPIPE for
    // what it writes from then on; TCP tells its peer nothing. Throws io_error.
    void shutdown_read();

    // How many bytes the kernel keeps at most on their way out, and in; it doubles them for its own
    // needs, and limits them (net.core.wmem_max, rmem_max) without saying so. TCP finds good ones
    // by itself, and stops doing so once they are set. Throw io_error.
    void set_send_buffer(std::size_t bytes);
    void set_receive_buffer(std::size_t bytes);
    [[nodiscard]] std::size_t send_buffer() const;
    [[nodiscard]] std::size_t receive_buffer() const;

protected:
    explicit socket_stream(int fd) noexcept : byte_stream(fd, detail::socket_calls) {}
};

}  // namespace twill::inline TWILL_ABI
