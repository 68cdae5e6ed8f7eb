#include "http_connection.hpp"

#include <twill/async/semaphore.hpp>
#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/shield.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/when_all.hpp>
#include <twill/io/tcp.hpp>
#include <twill/net/http_server.hpp>

#include <sys/socket.h>

#include <new>
#include <optional>
#include <utility>

namespace twill::inline TWILL_ABI::http {
namespace {

using namespace std::chrono_literals;
using detail::http_connection;
using detail::http_service;

endpoint where(const server_options& options) {
    const auto port = std::to_string(options.port);
    return options.address.find(':') == std::string::npos
               ? endpoint::parse(options.address + ':' + port)
               : endpoint::parse('[' + options.address + "]:" + port);
}

task<> serve_one(http_service* service, tcp_stream stream, semaphore_permit /*held*/) {
    http_connection connection(any_stream(std::move(stream)), *service);
    co_await connection.serve();
}

}  // namespace

struct server::parts {
    explicit parts(server_options some)
        : options(std::move(some)),
          door(where(options), {.backlog = options.backlog}),
          slots(options.max_connections) {}

    [[nodiscard]] task<> accept(scope_ref connections);
    void accept_queued(scope_ref connections) noexcept;
    [[nodiscard]] task<> hold(std::optional<scope_ref>& connections);
    [[nodiscard]] task<> fill(std::optional<scope_ref>& connections);

    server_options options;
    tcp_listener door;
    semaphore slots;
    std::optional<http_service> service{};
    manual_reset_event opened{};
    manual_reset_event closing{};
};

server::server(server_options options) : parts_(std::make_unique<parts>(std::move(options))) {}
server::~server() = default;

endpoint server::local() const { return parts_->door.local(); }
std::size_t server::connections() const noexcept {
    return parts_->service ? parts_->service->watch.count() : 0;
}

task<> server::parts::accept(scope_ref connections) {
    for (;;) {
        try {
            for (;;) {
                auto permit = co_await slots.acquire();
                connections.spawn(&serve_one, &*service, co_await door.accept(), std::move(permit));
            }
        } catch (const io_error& failure) {
            const int why = failure.code().value();
            if (why == ECONNABORTED) continue;
            if (why != EMFILE && why != ENFILE && why != ENOBUFS && why != ENOMEM && why != EPERM)
                throw;
        } catch (const std::bad_alloc&) {
            // As for descriptors: connections end, and then there is some.
        }
        co_await sleep(20ms);
    }
}

// The kernel has taken these connections already, and clients may have sent requests.
void server::parts::accept_queued(scope_ref connections) noexcept {
    try {
        while (auto permit = slots.try_acquire()) {
            const int fd =
                ::accept4(door.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) break;
            connections.spawn(&serve_one, &*service, tcp_stream(fd), std::move(permit));
        }
    } catch (const std::exception&) {
        // Those that remain are refused by the kernel.
    }
    door.close();
}

// Keeps the connections, and sees them end once `closing` is set.
task<> server::parts::hold(std::optional<scope_ref>& connections) {
    co_await scope([&](scope_ref outer) -> task<> {
        outer.spawn([this] { return service->watch.run(); });
        co_await scope([&](scope_ref inner) -> task<> {
            connections = inner;
            opened.set();
            co_await closing.wait();
            // Sequentially consistent: see http_connection::next_head.
            service->draining.store(true, std::memory_order_seq_cst);
            service->watch.drain(after(now(), options.drain_limit));
        });
        outer.cancel();
    });
}

task<> server::parts::fill(std::optional<scope_ref>& connections) {
    try {
        co_await opened.wait();
        co_await accept(*connections);
    } catch (...) {
        if (connections) accept_queued(*connections);
        closing.set();
        throw;
    }
}

task<> server::serve(handler answer) {
    if (parts_->service) throw usage_error("a server serves once: make another one");
    parts_->service.emplace(parts_->options.connection, std::move(answer));
    std::optional<scope_ref> connections;
    // A cancellation ends the accepting. Connections are kept from it: they drain.
    co_await when_all(shield(parts_->hold(connections), duration::max()),
                      parts_->fill(connections));
}

task<> serve_stream(any_stream stream, handler answer, connection_options options) {
    http_service service(options, std::move(answer));
    http_connection connection(std::move(stream), service);
    co_await scope([&](scope_ref s) -> task<> {
        s.spawn([&] { return service.watch.run(); });
        co_await connection.serve();
        s.cancel();
    });
}

}  // namespace twill::inline TWILL_ABI::http
