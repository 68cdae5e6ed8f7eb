// echo_server [ADDRESS:PORT]: a task and an idle limit for each connection, and a clean end on
// SIGINT or SIGTERM. Without an address it serves three visits of its own and then stops itself.
#include <twill/core/scope.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/signal.hpp>
#include <twill/io/tcp.hpp>
#include <twill/runtime/runtime.hpp>

#include <csignal>
#include <cstdio>
#include <exception>

using namespace std::chrono_literals;
using twill::task;

task<> echo(twill::tcp_stream peer) {
    std::byte buffer[16384];
    try {
        while (auto got = co_await twill::with_timeout(30s, peer.read_some(buffer)))
            co_await twill::with_timeout(30s, peer.write_all(std::span(buffer).first(got)));
    } catch (const std::runtime_error& failure) {
        std::fprintf(stderr, "%s\n", failure.what());  // a reset, or half a minute of silence
    }
}

// When descriptors are out, `accept` waits for some.
task<> accept_all(twill::tcp_listener& door, twill::scope_ref connections) {
    for (;;) connections.spawn(echo, co_await door.accept());
}

task<> visit_and_stop(twill::endpoint server) {
    for (const char* name : {"Ada", "Edsger", "Tony"}) {
        auto stream = co_await twill::connect(server);
        co_await stream.write_all(name);
        char answer[16];
        const auto got = co_await stream.read_some(std::as_writable_bytes(std::span(answer)));
        std::printf("it says %.*s\n", static_cast<int>(got), answer);
    }
    std::raise(SIGTERM);
}

int main(int count, char** arguments) try {
    twill::run([&]() -> task<> {
        twill::signal_watcher stop({SIGINT, SIGTERM});
        twill::tcp_listener door(twill::endpoint::parse(count > 1 ? arguments[1] : "127.0.0.1:0"));
        std::printf("serving at %s\n", door.local().to_string().c_str());
        std::fflush(stdout);  // also to a pipe: it tells whether it is there
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn(accept_all, std::ref(door), s);
            if (count < 2) s.spawn(visit_and_stop, door.local());
            co_await stop.next();
            s.cancel();
        });
    });
} catch (const std::exception& failure) {
    std::fprintf(stderr, "echo_server: %s\n", failure.what());  // no address, or not ours to take
    return 2;
}
