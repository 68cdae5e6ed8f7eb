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
#include <twill/core/time.hpp>
#include <twill/io/endpoint.hpp>
#include <twill/io/socket_stream.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace twill::inline TWILL_ABI {

// When a silent peer is asked whether it is still there, and given up.
struct tcp_keep_alive {
    duration idle = std::chrono::seconds(60);      // after so much silence,
    duration interval = std::chrono::seconds(10);  // again after so much,
    int probes = 6;                                // and given up after so many without answer
};

// A connection. Nagle's algorithm is off. See byte_stream for reading and writing, socket_stream
// for shutting down and buffers. The options throw io_error, and usage_error for times below a
// second or beyond 32767.
class TWILL_API tcp_stream final : public socket_stream {
public:
    // Takes over a connected, non-blocking socket.
    explicit tcp_stream(int fd) noexcept : socket_stream(fd) {}

    // Closes so that the peer gets a reset (ECONNRESET) in place of the end of the stream, and what
    // was not sent yet is dropped. No operation may be under way. Harmless when it is closed.
    void abort() noexcept;

    // Off by default: then a peer that vanished without a word is never missed by a read. In whole
    // seconds, rounded up.
    void set_keep_alive(const tcp_keep_alive& when);
    void stop_keep_alive();
    [[nodiscard]] std::optional<tcp_keep_alive> keep_alive() const;

    // How long what was written may go unacknowledged before the connection is broken (ETIMEDOUT);
    // zero: the kernel's default, a quarter of an hour or so. In milliseconds, rounded up.
    void set_user_timeout(duration limit);

    // On by default. Off: small writes wait for the acknowledgement of earlier ones, and travel
    // together.
    void set_no_delay(bool wanted);
    [[nodiscard]] bool no_delay() const;

    // The addresses of both ends. Throw io_error.
    [[nodiscard]] endpoint local() const;
    [[nodiscard]] endpoint peer() const;

private:
    friend TWILL_API task<tcp_stream> connect(endpoint there);
};

struct listen_options {
    // How many connections the kernel keeps until they are accepted (net.core.somaxconn at most).
    int backlog = 1024;
    // Several sockets, also of several programs of one user, may listen at one address; the kernel
    // shares the connections out between them.
    bool reuse_port = false;
    // For [::]: whether IPv4 is left to others. Not set: as the system has it
    // (net.ipv6.bindv6only).
    std::optional<bool> v6_only = {};
    // For the connections that are accepted; see socket_stream. 0: TCP's own.
    std::size_t send_buffer = 0;
    std::size_t receive_buffer = 0;
};

class TWILL_API tcp_listener final : private byte_stream {
public:
    // Listens at `here`; with port 0 the kernel chooses one, see `local`. The address can be used
    // again at once after the program has ended. Throws io_error.
    explicit tcp_listener(endpoint here, const listen_options& options = {});

    // The next connection. Cancelled at once; no connection is lost.
    //
    // A connection that broke before it could be accepted is passed over. When descriptors or the
    // kernel's memory have run out (EMFILE, ENFILE, ENOBUFS, ENOMEM) it tries again after 1 ms,
    // then ever later up to every 100 ms, until others have let go of theirs: connections wait in
    // the backlog meanwhile, and a loop over `accept` need not know. So a server serves as many as
    // it has descriptors for; to leave some for files, limit the connections (scope_options).
    // Throws io_error for what does not pass: EBADF when it is closed, too_many_watched.
    [[nodiscard]] task<tcp_stream> accept();

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
