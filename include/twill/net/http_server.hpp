// http::server: HTTP/1.1 on a TCP port, or at a Unix socket.
//
//     twill::http::server server({.port = 8080});
//     co_await twill::scope([&](twill::scope_ref s) -> twill::task<> {
//         s.spawn(&twill::http::server::serve, &server, [&](auto& x) { return answer(x, rows); });
//         co_await twill::signal(SIGTERM);
//         s.cancel();                           // what was asked is answered, then it ends
//     });
//
// Each connection is a task, and runs one handler at a time: requests that a client sends without
// waiting are answered in their order. See http_exchange.hpp for handlers, http_router.hpp for
// paths.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/io/endpoint.hpp>
#include <twill/net/any_stream.hpp>
#include <twill/net/http_exchange.hpp>
#include <twill/net/tls.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI::http {

// What a server tells of a request that has ended, well or not. The views are valid during the
// call.
struct access {
    // Empty (no method) when what came was none, and was refused.
    const http::request& request;
    int status;          // of the response; 0: the client left before there was one
    std::uint64_t sent;  // bytes of the response's content, as far as they were written
    duration took;       // from the end of the request's head to that of the response
    std::string_view peer;
};

// Limits of one connection; each is there so that a client cannot hold what it does not use.
struct connection_options {
    // Larger heads are answered by 414 or 431, larger contents by 413; then the connection ends.
    std::size_t max_head = 32768;
    std::size_t max_fields = 128;
    std::uint64_t max_content = 1ULL << 20;

    // From the first byte of a head to its last: 408. However slowly the bytes drip.
    duration head_limit = std::chrono::seconds(10);
    // Between two requests, and before the first: the connection is closed.
    duration idle_limit = std::chrono::seconds(60);
    // From the end of a head to that of the response: the handler is cancelled; 503, or the
    // connection is closed if a response was begun. See exchange::limit.
    duration request_limit = std::chrono::seconds(60);
    // While the client takes nothing of a response, or sends nothing of a content that is read: the
    // handler is cancelled and the connection closed.
    duration stall_limit = std::chrono::seconds(30);

    // Called once for each request. It runs on the event thread: it must not block. What it throws
    // is reported.
    std::function<void(const access&)> access_log = {};
    // Takes what handlers throw, but http::error, as one line. Empty: it goes to standard error.
    std::function<void(std::string_view)> report = {};
};

// What a server does when more is asked of it than it can answer: see `server_options::overload`.
struct overload_options {
    // So long a request may wait for its handler to begin while the server is overloaded; the
    // others are answered by 503 and "Retry-After". Zero: off, every handler begins at once.
    duration target = duration::zero();
    // A server is overloaded when for so long there was always a request waiting, and until for so
    // long none had to be refused. Otherwise a request may wait for so long: that is a burst.
    duration interval = std::chrono::milliseconds(100);
    // Handlers at a time; further requests wait. 0: 16 for each CPU that is usable. More for
    // handlers that mostly wait themselves. Those that go on for long, as streams of events do, do
    // not count: see exchange::leave_place.
    std::size_t max_handlers = 0;
    // What a refused client is told, in whole seconds.
    duration retry_after = std::chrono::seconds(1);
    // Requests that are never made to wait, and do not count: those after the server's health.
    std::function<bool(const request&)> exempt = {};
};

// How busy a server is, as `overload` counts it.
struct load_figures {
    std::size_t handlers = 0;    // that run now
    std::size_t waiting = 0;     // requests that wait for one to end
    std::uint64_t admitted = 0;  // since the server began
    std::uint64_t refused = 0;
};

struct server_options {
    // 0: the kernel chooses one, see server::local.
    std::uint16_t port = 0;
    // Where to listen: all of this machine's IPv4 addresses; "::" for IPv6 as well, "127.0.0.1" for
    // this machine alone.
    std::string address = "0.0.0.0";
    // Listens at this Unix socket instead. See unix_listener for its file.
    std::string unix_socket = {};
    // HTTPS, as whom; null: HTTP. Must outlive the server. Handshakes count to `head_limit`.
    const tls::server_context* tls = nullptr;

    // More wait in the kernel until one ends; one that was idle for a second makes room.
    std::size_t max_connections = 10'000;
    connection_options connection = {};
    // Off unless told otherwise: which requests may be refused, and how many handlers make sense at
    // a time, is the program's to know.
    overload_options overload = {};
    // How long those in the middle of a request may go on once `serve` is cancelled.
    duration drain_limit = std::chrono::seconds(10);
};

class TWILL_API server {
public:
    // Listens from now on. Throws io_error, usage_error for an address that is none.
    explicit server(server_options options = {});
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    // Accepts and answers until it is cancelled. Then nothing more is accepted, connections without
    // a request are closed (new ones after a second, in which their first may come), the others
    // answer theirs, for at most `drain_limit`; those that remain
    // are cancelled, and when all have ended `cancelled` is thrown. Out of descriptors or memory
    // it pauses, and goes on. Throws io_error when the listener fails otherwise. Once.
    [[nodiscard]] task<> serve(handler answer);

    // Where it listens. Throws usage_error when that is a Unix socket.
    [[nodiscard]] endpoint local() const;
    // How many connections there are. Any thread.
    [[nodiscard]] std::size_t connections() const noexcept;
    // All 0 while `overload` is off. Any thread.
    [[nodiscard]] load_figures load() const noexcept;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

// Answers the requests that come on one stream, whatever it is; ends with the connection. Throws
// nothing but `cancelled`.
[[nodiscard]] TWILL_API task<> serve_stream(any_stream stream, handler answer,
                                            connection_options options = {});

}  // namespace twill::inline TWILL_ABI::http
