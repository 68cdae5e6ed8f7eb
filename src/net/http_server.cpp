#include "http_connection.hpp"

#include <twill/async/semaphore.hpp>
#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/shield.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/core/when_all.hpp>
#include <twill/io/tcp.hpp>
#include <twill/io/unix_socket.hpp>
#include <twill/net/http_server.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <new>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <variant>

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

// Whatever is wrong with one connection is no matter of the others.
template <class Stream>
task<> serve_one(http_service* service, Stream stream, semaphore_permit /*held*/) {
    try {
        http_connection connection(any_stream(std::move(stream)), *service);
        co_await connection.serve();
    } catch (const std::exception& failure) {
        service->report(std::string("http: a connection: ") + failure.what());
    }
}

template <class Stream>
task<> serve_one_safely(http_service* service, const tls::server_context* identity, Stream stream,
                        semaphore_permit /*held*/) {
    try {
        any_stream safe(co_await with_timeout(
            service->options.head_limit, tls::accept(any_stream(std::move(stream)), *identity)));
        http_connection connection(std::move(safe), *service);
        co_await connection.serve();
    } catch (const std::runtime_error&) {
        // Who cannot shake hands is none of ours.
    } catch (const std::exception& failure) {
        service->report(std::string("http: a connection: ") + failure.what());
    }
}

// Accepted sockets inherit it. A client whose machine is gone says nothing, and a stream of events
// has no other limit: so the kernel asks after a minute of silence, and gives up after another.
void keep_alive(int fd) noexcept {
    const auto set = [&](int level, int option, int value) {
        // A connection without it works.
        static_cast<void>(::setsockopt(fd, level, option, &value, sizeof value));
    };
    set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
    set(IPPROTO_TCP, TCP_KEEPCNT, 6);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
}

}  // namespace

struct server::parts {
    explicit parts(server_options some) : options(std::move(some)), slots(options.max_connections) {
        if (options.unix_socket.empty())
            keep_alive(door.emplace<tcp_listener>(where(options)).native_handle());
        else
            door.emplace<unix_listener>(unix_address::path(options.unix_socket));
    }
    [[nodiscard]] int descriptor() const noexcept {
        const auto* tcp = std::get_if<tcp_listener>(&door);
        return tcp != nullptr ? tcp->native_handle()
                              : std::get<unix_listener>(door).native_handle();
    }

    [[nodiscard]] task<semaphore_permit> slot();
    [[nodiscard]] task<> accept(scope_ref connections);
    template <class Stream>
    void begin(scope_ref connections, Stream stream, semaphore_permit permit);
    void accept_queued(scope_ref connections) noexcept;
    [[nodiscard]] task<> hold(std::optional<scope_ref>& connections);
    [[nodiscard]] task<> fill(std::optional<scope_ref>& connections);

    server_options options;
    std::variant<std::monostate, tcp_listener, unix_listener> door{};
    semaphore slots;
    std::optional<http_service> service{};
    manual_reset_event opened{};
    manual_reset_event closing{};
};

server::server(server_options options) : parts_(std::make_unique<parts>(std::move(options))) {}
server::~server() = default;

endpoint server::local() const {
    const auto* tcp = std::get_if<tcp_listener>(&parts_->door);
    if (tcp == nullptr)
        throw usage_error("a server at a Unix socket, or one that has ended, has no port");
    return tcp->local();
}
std::size_t server::connections() const noexcept {
    return parts_->service ? parts_->service->watch.count() : 0;
}
load_figures server::load() const noexcept {
    return parts_->service && parts_->service->gate ? parts_->service->gate->figures()
                                                    : load_figures{};
}

template <class Stream>
void server::parts::begin(scope_ref connections, Stream stream, semaphore_permit permit) {
    if (options.tls == nullptr)
        connections.spawn(&serve_one<Stream>, &*service, std::move(stream), std::move(permit));
    else
        connections.spawn_at(std::source_location::current(), &serve_one_safely<Stream>, &*service,
                             options.tls, std::move(stream), std::move(permit));
}

// A slot for one more connection. When there is none, the connection that is idle longest makes
// room: whoever opens all of them and says nothing must not lock the others out.
task<semaphore_permit> server::parts::slot() {
    constexpr auto least_idle = 1s;
    for (;;) {
        if (auto free = slots.try_acquire()) co_return free;
        service->watch.expire_idlest(least_idle, options.connection.idle_limit);
        try {
            co_return co_await with_timeout(least_idle, slots.acquire());
        } catch (const timed_out&) {
            // One may be idle long enough by now.
        }
    }
}

// Accepting itself goes on when descriptors are short.
task<> server::parts::accept(scope_ref connections) {
    for (;;) {
        try {
            for (;;) {
                auto permit = co_await slot();
                if (auto* tcp = std::get_if<tcp_listener>(&door))
                    begin(connections, co_await tcp->accept(), std::move(permit));
                else
                    begin(connections, co_await std::get<unix_listener>(door).accept(),
                          std::move(permit));
            }
        } catch (const std::bad_alloc&) {
            // Connections end, and then there is some.
        }
        co_await sleep(20ms);
    }
}

// The kernel has taken these connections already, and clients may have sent requests.
void server::parts::accept_queued(scope_ref connections) noexcept {
    try {
        while (auto permit = slots.try_acquire()) {
            const int fd = ::accept4(descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) break;
            if (std::holds_alternative<tcp_listener>(door))
                begin(connections, tcp_stream(fd), std::move(permit));
            else
                begin(connections, unix_stream(fd), std::move(permit));
        }
    } catch (const std::exception&) {
        // Those that remain are refused by the kernel.
    }
    door.emplace<std::monostate>();
}

// Keeps the connections, and sees them end once `closing` is set.
task<> server::parts::hold(std::optional<scope_ref>& connections) {
    co_await scope([&](scope_ref outer) -> task<> {
        outer.spawn([this] { return service->watch.run(); });
        const auto keep = [&](scope_ref inner) -> task<> {
            connections = inner;
            opened.set();
            co_await closing.wait();
            // Sequentially consistent: see http_connection::next_head.
            service->draining.store(true, std::memory_order_seq_cst);
            service->watch.drain(after(now(), options.drain_limit));
        };
        // One that cannot even begin, for want of memory, ends alone.
        co_await scope(keep, {.on_failure = failure_policy::leave_rest});
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
    parts_->service.emplace(parts_->options.connection, std::move(answer),
                            &parts_->options.overload);
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
