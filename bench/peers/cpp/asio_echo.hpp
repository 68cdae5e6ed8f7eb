// An echo server as one writes it with Asio's coroutines. A connection is one chain of operations,
// and needs no strand.
#pragma once

#include "common/meter.hpp"

#include <asio.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace twill::inline TWILL_ABI::bench {

inline asio::awaitable<void> echo(asio::ip::tcp::socket socket) {
    socket.set_option(asio::ip::tcp::no_delay(true));
    std::array<char, 4096> buffer;  // filled by async_read_some
    for (;;) {
        // The error as a value: the end of the stream is no exception.
        asio::error_code end;
        const std::size_t n = co_await socket.async_read_some(
            asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, end));
        if (end) co_return;
        co_await asio::async_write(socket, asio::buffer(buffer, n), asio::use_awaitable);
    }
}

// On a port of its own, which it prints.
inline asio::awaitable<void> echo_all(asio::ip::tcp::acceptor door) {
    print("port", door.local_endpoint().port());
    for (;;)
        asio::co_spawn(door.get_executor(), echo(co_await door.async_accept(asio::use_awaitable)),
                       asio::detached);
}

inline void start_echo(asio::io_context& context) {
    asio::ip::tcp::acceptor door(context, {asio::ip::address_v4::loopback(), 0});
    asio::co_spawn(context, echo_all(std::move(door)), asio::detached);
}

}  // namespace twill::inline TWILL_ABI::bench
