// http_server [PORT]: says hello, echoes what it is sent, and ticks as Server-Sent Events; answers
// what it was asked and ends on SIGINT or SIGTERM. Without a port it visits itself, and ends.
//
//     curl localhost:8080/hello/ada
//     curl --data-binary @some.file localhost:8080/echo
//     curl -N localhost:8080/ticks?ms=500
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/signal.hpp>
#include <twill/io/tcp.hpp>
#include <twill/net/http_events.hpp>
#include <twill/net/http_router.hpp>
#include <twill/net/http_server.hpp>
#include <twill/runtime/runtime.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

using namespace std::chrono_literals;
using twill::task;
using twill::http::exchange;

task<> hello(exchange& x) {
    co_await x.respond(200, "hello " + std::string(x.parameter("name")) + "\n");
}

// At the speed of whoever is slower: nothing is held but one piece.
task<> echo(exchange& x) {
    x.limit(1h);
    x.begin(200, x.request().content_length());
    std::byte piece[16384];
    while (const auto got = co_await x.read_some(piece))
        co_await x.write(std::span(piece).first(got));
}

task<> ticks(exchange& x) {
    const long ms =
        std::clamp(std::strtol(x.request().query("ms").c_str(), nullptr, 10), 10L, 60000L);
    twill::http::event_stream events(x);
    for (int i = 0;; ++i) {
        co_await events.send(std::to_string(i), {.event = "tick"});
        co_await twill::sleep(std::chrono::milliseconds(ms));
    }
}

void log(const twill::http::access& x) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(x.took).count();
    std::printf("%.*s %.*s %.*s: %d, %llu bytes, %lld us\n", static_cast<int>(x.peer.size()),
                x.peer.data(), static_cast<int>(x.request.method().size()),
                x.request.method().data(), static_cast<int>(x.request.target().size()),
                x.request.target().data(), x.status, static_cast<unsigned long long>(x.sent),
                static_cast<long long>(us));
}

task<> visit_and_stop(twill::endpoint server) {
    auto stream = co_await twill::connect(server);
    co_await stream.write_all("GET /hello/ada HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    char answer[1024];
    while (const auto got = co_await stream.read_some(std::as_writable_bytes(std::span(answer))))
        std::printf("%.*s", static_cast<int>(got), answer);
    std::raise(SIGTERM);
}

int main(int count, char** arguments) try {
    const auto here =
        twill::endpoint::parse(std::string("127.0.0.1:") + (count > 1 ? arguments[1] : "0"));
    twill::run([&]() -> task<> {
        twill::signal_watcher stop({SIGINT, SIGTERM});
        twill::http::router routes;
        routes.on("GET", "/hello/{name}", hello)
            .on("POST", "/echo", echo)
            .on("GET", "/ticks", ticks);
        twill::http::server server({.port = here.port(),
                                    .address = "127.0.0.1",
                                    .connection = {.max_content = 1ULL << 40, .access_log = log},
                                    .drain_limit = 2s});
        std::printf("serving at %s\n", server.local().to_string().c_str());
        std::fflush(stdout);  // also to a pipe: it tells whether it is there
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn(&twill::http::server::serve, &server, routes);
            if (count < 2) s.spawn(visit_and_stop, server.local());
            co_await stop.next();
            s.cancel();
        });
    });
} catch (const std::exception& failure) {
    std::fprintf(stderr, "http_server: %s\n", failure.what());  // the port is none, or taken
    return 2;
}
