// TCP: listening, accepting, connecting.
//
//     twill::tcp_listener door(twill::endpoint::loopback(8080));
//     co_await twill::scope([&](twill::scope_ref s) -> twill::task<> {
//         for (;;) s.spawn(serve, co_await door.accept());
//     });
//
//     twill::tcp_stream there = co_await twill::connect(twill::endpoint::parse("127.0.0.1:8080"));
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/io/byte_stream.hpp>
#include <twill/io/endpoint.hpp>

#include <string_view>

namespace twill::inline TWILL_ABI {

// A connection. Nagle's algorithm is off. See byte_stream for reading and writing.
class TWILL_API tcp_stream final : public byte_stream {
public:
    // Takes over a connected, non-blocking socket.
    explicit tcp_stream(int fd) noexcept : byte_stream(fd, detail::socket_stream) {}

    // Says that nothing more will be written: the peer reads the end of the stream, and can still
    // answer. Throws io_error.
    void shutdown_write();

    // The addresses of both ends. Throw io_error.
    [[nodiscard]] endpoint local() const;
    [[nodiscard]] endpoint peer() const;

private:
    friend TWILL_API task<tcp_stream> connect(endpoint there);
};

namespace detail {

class TWILL_API accept_operation final : public io_request {
public:
    explicit accept_operation(io_source& door) noexcept
        : io_request("accept", io_call::accept, door, nullptr, 0) {}
    tcp_stream await_resume() const;
};

struct [[nodiscard("nothing is accepted until it is awaited")]] accept_call {
    io_source* door;
    accept_operation operator co_await() const noexcept { return accept_operation(*door); }
};

}  // namespace detail

class TWILL_API tcp_listener final : private byte_stream {
public:
    // Listens at `here`; with port 0 the kernel chooses one, see `local`. The address can be used
    // again at once after the program has ended. `backlog`: how many connections the kernel keeps
    // until they are accepted. Throws io_error.
    explicit tcp_listener(endpoint here, int backlog = 1024);

    // The next connection. Cancelled at once; no connection is lost. Throws io_error; one that was
    // reset before it could be accepted (ECONNABORTED) and a full table of descriptors (EMFILE)
    // leave the listener usable.
    detail::accept_call accept() noexcept { return {&source()}; }

    // Where it listens. Throws io_error.
    [[nodiscard]] endpoint local() const;

    using byte_stream::close;
    using byte_stream::is_open;
    using byte_stream::native_handle;
};

// Connects. Cancelled at once. Throws io_error.
[[nodiscard]] TWILL_API task<tcp_stream> connect(endpoint there);

// Looks the host up and connects to the first of its addresses that answers. Throws io_error: of
// the last address that was tried.
[[nodiscard]] TWILL_API task<tcp_stream> connect(std::string host, std::string service);

}  // namespace twill::inline TWILL_ABI
