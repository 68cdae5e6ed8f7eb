// The service of the suite echo as one writes it with Asio's coroutines, on one thread: asio echo.

#include "common/meter.hpp"

#include <asio.hpp>

#include <array>
#include <exception>
#include <string_view>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::use_awaitable;
using asio::ip::tcp;

// The hint lets the scheduler do without locks.
constexpr int one_thread = ASIO_CONCURRENCY_HINT_UNSAFE;

awaitable<void> serve(tcp::socket socket) {
    socket.set_option(tcp::no_delay(true));
    std::array<char, 4096> buffer;  // filled by async_read_some
    for (;;) {
        // The error as a value: the end of the stream is no exception.
        asio::error_code end;
        const std::size_t n = co_await socket.async_read_some(
            asio::buffer(buffer), asio::redirect_error(use_awaitable, end));
        if (end) co_return;
        co_await asio::async_write(socket, asio::buffer(buffer, n), use_awaitable);
    }
}

awaitable<void> accept_all(tcp::acceptor& door) {
    for (;;)
        co_spawn(door.get_executor(), serve(co_await door.async_accept(use_awaitable)), detached);
}

void run_echo() {
    asio::io_context context(one_thread);
    tcp::acceptor door(context, {asio::ip::address_v4::loopback(), 0});
    print("port", door.local_endpoint().port());
    co_spawn(context, accept_all(door), detached);
    context.run();
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    if (argc != 2 || std::string_view(argv[1]) != "echo") {
        std::fprintf(stderr, "usage: asio echo\n");
        return 2;
    }
    try {
        twill::bench::run_echo();
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "asio: %s\n", e.what());
        return 1;
    }
}
