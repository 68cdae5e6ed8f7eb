// The echo server of the suite io as one writes it with Asio's coroutines: asio echo THREADS.

#include "common/meter.hpp"

#include <asio.hpp>

#include <array>
#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::use_awaitable;
using asio::ip::tcp;

// The hint lets the scheduler do without locks where one thread runs it.
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

// A connection is one chain of operations, and needs no strand.
void run_echo(int threads) {
    asio::io_context context(threads == 1 ? one_thread : threads);
    tcp::acceptor door(context, {asio::ip::address_v4::loopback(), 0});
    print("port", door.local_endpoint().port());
    co_spawn(context, accept_all(door), detached);
    std::vector<std::thread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back([&] { context.run(); });
    context.run();
    for (std::thread& each : others) each.join();
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    if (argc != 3 || std::string_view(argv[1]) != "echo") {
        std::fprintf(stderr, "usage: asio echo THREADS\n");
        return 2;
    }
    try {
        twill::bench::run_echo(std::stoi(argv[2]));
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "asio: %s\n", e.what());
        return 1;
    }
}
