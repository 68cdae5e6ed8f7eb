// The suite's programs as one writes them with Asio's coroutines, on one thread: asio NAME
// ARGUMENTS..., the same as `twill_bench_first run`.

#include "common/meter.hpp"

#include <asio.hpp>

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
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

awaitable<void> child(long& ended) {
    ++ended;
    co_return;
}

// A child starts in `run`, after all were made.
void spawn_and_join(long tasks) {
    asio::io_context context(one_thread);
    long ended = 0;
    for (long i = 0; i < tasks; ++i) co_spawn(context, child(ended), detached);
    context.run();
    if (ended != tasks) std::abort();
}

void run_spawn(long tasks) {
    const auto took = time_repeated([=] { spawn_and_join(tasks); });
    print("cold_ns", took.cold * 1e9 / static_cast<double>(tasks));
    print("warm_ns", took.warm * 1e9 / static_cast<double>(tasks));
}

awaitable<void> sleeper(std::chrono::milliseconds length) {
    asio::steady_timer timer(co_await asio::this_coro::executor, length);
    co_await timer.async_wait(use_awaitable);
}

void run_timers(long tasks) {
    const double before = cpu_seconds();
    asio::io_context context(one_thread);
    for (long i = 0; i < tasks; ++i)
        co_spawn(context, sleeper(std::chrono::milliseconds(1000 + i * 7919 % 1000)), detached);
    context.run();
    print("timers_s", cpu_seconds() - before);
}

awaitable<void> yield_turns(long turns) {
    const auto executor = co_await asio::this_coro::executor;
    for (long i = 0; i < turns; ++i) co_await asio::post(executor, use_awaitable);
}

void run_yield(long tasks, long turns) {
    const double before = cpu_seconds();
    asio::io_context context(one_thread);
    for (long i = 0; i < tasks; ++i) co_spawn(context, yield_turns(turns), detached);
    context.run();
    print("yield_ns", (cpu_seconds() - before) * 1e9 / static_cast<double>(tasks * turns));
}

awaitable<void> long_sleeper(long& asleep) {
    ++asleep;
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
    co_await timer.async_wait(use_awaitable);
}

void run_sleepers(long tasks) {
    asio::io_context context(one_thread);
    long asleep = 0;
    const double before = resident_bytes();
    for (long i = 0; i < tasks; ++i) co_spawn(context, long_sleeper(asleep), detached);
    while (asleep < tasks) context.poll();
    print("bytes", (resident_bytes() - before) / static_cast<double>(tasks));
    _exit(0);
}

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

int run_one(int argc, char** argv) {
    const std::string_view name = argc > 1 ? argv[1] : "";
    const long first = argc > 2 ? std::atol(argv[2]) : 0;
    const long second = argc > 3 ? std::atol(argv[3]) : 0;
    if (name == "spawn") {
        run_spawn(first);
    } else if (name == "timers") {
        run_timers(first);
    } else if (name == "yield") {
        run_yield(first, second);
    } else if (name == "sleepers") {
        run_sleepers(first);
    } else if (name == "echo") {
        run_echo();
    } else {
        std::fprintf(stderr, "usage: asio spawn|timers|yield|sleepers|echo [NUMBER...]\n");
        return 2;
    }
    return 0;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    try {
        return twill::bench::run_one(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "asio: %s\n", e.what());
        return 1;
    }
}
