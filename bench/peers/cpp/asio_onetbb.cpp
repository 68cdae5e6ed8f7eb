// The server of bench/mixed with Asio for the requests, on two threads, and oneTBB for the job:
// asio-onetbb OPTION.... bench/mixed/serving.hpp says what it does.

#include "mixed/serving.hpp"

#include <oneapi/tbb/parallel_for.h>
#include <asio.hpp>

#include <array>
#include <exception>
#include <thread>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::use_awaitable;
using asio::ip::tcp;

constexpr int io_threads = 2;

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

void compute_for_ever(std::uint32_t iterations) {
    for (;;)
        oneapi::tbb::parallel_for(std::size_t{0}, rows_of_region, [=](std::size_t) {
            compute_row(iterations);
            rows_done.fetch_add(1, std::memory_order_relaxed);
        });
}

void run(const serving_options& options) {
    if (const auto iterations = options.number("--calibrate")) return calibrate(iterations);
    obey_input();
    asio::io_context context(io_threads);
    tcp::acceptor door(context, {asio::ip::address_v4::loopback(), 0});
    print("port", door.local_endpoint().port());
    co_spawn(context, accept_all(door), detached);
    if (options.text("--job", "off") == "on")
        std::thread(compute_for_ever, options.number("--row-iterations")).detach();
    for (int i = 1; i < io_threads; ++i) std::thread([&] { context.run(); }).detach();
    context.run();
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    try {
        bench::run(bench::serving_options({argv + 1, argv + argc}));
    } catch (const std::exception& e) {
        std::fprintf(stderr, "asio-onetbb: %s\n", e.what());
        return 1;
    }
}
