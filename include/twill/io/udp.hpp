// UDP: messages that arrive whole, or not at all.
//
//     twill::udp_socket here(twill::endpoint::loopback(5353));
//     std::byte buffer[1500];
//     auto got = co_await here.receive_from(buffer);
//     co_await here.send_to(std::span(buffer).first(got.size), got.from);
//
//     twill::udp_socket to_server;                         // any address and port of its own
//     to_server.connect(server);
//     co_await to_server.send("question");
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/reactor.hpp>
#include <twill/core/task.hpp>
#include <twill/io/endpoint.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace twill::inline TWILL_ABI {

// A message that was received.
struct datagram {
    std::size_t size = 0;       // bytes that are in the buffer
    std::size_t full_size = 0;  // bytes that it had
    endpoint from;
    // Whether the buffer was too small: the rest is gone.
    [[nodiscard]] bool truncated() const noexcept { return full_size > size; }
};

struct udp_options {
    // Several sockets may have one address; the kernel shares the messages out between them by
    // sender.
    bool reuse_port = false;
    // For [::]: whether IPv4 is left to others. Not set: as the system has it.
    std::optional<bool> v6_only = {};
    // Whether messages may be sent to broadcast addresses.
    bool broadcast = false;
    // How many bytes the kernel keeps; 0: net.core.wmem_default and rmem_default. What arrives when
    // it is full is dropped without a word.
    std::size_t send_buffer = 0;
    std::size_t receive_buffer = 0;
};

// Movable while no operation is under way. Thread-safety: one task at a time in each direction.
class TWILL_API udp_socket {
public:
    // At `here`; with port 0 the kernel chooses one, see `local`. Throws io_error.
    explicit udp_socket(endpoint here = endpoint::any(0), const udp_options& options = {});

    // The next message, as much of it as `into` holds, and who sent it. Cancelled at once, and no
    // message is lost. Throws io_error: on a connected socket ECONNREFUSED, when a message sent
    // before reached a machine where nobody listens.
    [[nodiscard]] task<datagram> receive_from(std::span<std::byte> into);

    // Sends one message, whole; suspends while the kernel has no room for it. Sent does not mean
    // that it arrives. Cancelled: it was not sent. Throws io_error: EMSGSIZE when it is too long
    // (65,507 bytes over IPv4), ENETUNREACH, as above ECONNREFUSED.
    [[nodiscard]] task<> send_to(std::span<const std::byte> from, endpoint there);
    [[nodiscard]] task<> send_to(std::string_view text, endpoint there) {
        return send_to(std::as_bytes(std::span(text)), there);
    }
    // To the one that it is connected to; EDESTADDRREQ when it is not.
    [[nodiscard]] task<> send(std::span<const std::byte> from);
    [[nodiscard]] task<> send(std::string_view text) {
        return send(std::as_bytes(std::span(text)));
    }

    // From now on only messages from `there` are received, and `send` sends there. Sends nothing.
    // Throws io_error.
    void connect(const endpoint& there);

    // Its own address, and whom it is connected to. Throw io_error.
    [[nodiscard]] endpoint local() const;
    [[nodiscard]] endpoint peer() const;

    void close() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return source_.fd >= 0; }
    // The descriptor, which stays the socket's; -1 when closed.
    [[nodiscard]] int native_handle() const noexcept { return source_.fd; }

    udp_socket(udp_socket&&) noexcept = default;
    udp_socket& operator=(udp_socket&& other) noexcept;
    ~udp_socket() { close(); }

private:
    task<> send_message(std::span<const std::byte> from, std::optional<endpoint> there);

    io_source source_;
};

}  // namespace twill::inline TWILL_ABI
