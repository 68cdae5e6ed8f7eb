#include <twill/core/error.hpp>
#include <twill/io/detail/accept_operation.hpp>
#include <twill/io/detail/descriptor.hpp>
#include <twill/io/tcp.hpp>

#include "io/connect_operation.hpp"
#include "io/socket_address.hpp"
#include "io/socket_option.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <cerrno>
#include <climits>
#include <exception>

namespace twill::inline TWILL_ABI {
namespace {

using detail::get_option;
using detail::set_option;

constexpr int on = 1;

detail::descriptor new_socket(int family) {
    detail::descriptor made(
        ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
    if (!made) throw io_error("make", "a TCP socket", errno);
    return made;
}

// A latency measure only: a socket without it works.
void send_at_once(int fd) noexcept {
    static_cast<void>(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

detail::descriptor listening(const endpoint& here, const listen_options& options) {
    const auto name = "TCP socket at " + here.to_string();
    auto made = new_socket(here.family());
    const int fd = made.get();
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, on, "SO_REUSEADDR");
    if (options.reuse_port) set_option(fd, SOL_SOCKET, SO_REUSEPORT, on, "SO_REUSEPORT");
    if (options.v6_only && here.family() == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, int{*options.v6_only}, "IPV6_V6ONLY");
    // Accepted sockets inherit them, and TCP agrees on its window before they are accepted.
    detail::set_buffer(fd, SO_SNDBUF, options.send_buffer, "SO_SNDBUF");
    detail::set_buffer(fd, SO_RCVBUF, options.receive_buffer, "SO_RCVBUF");
    if (::bind(fd, here.address(), here.size()) != 0) throw io_error("bind", name, errno);
    if (::listen(fd, options.backlog) != 0) throw io_error("listen on", name, errno);
    return made;
}

int whole_seconds(duration length, const char* what) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(length).count();
    constexpr int most = 32767;  // the kernel's
    if (seconds < 1 || seconds > most)
        throw usage_error("set the keep-alive's " + std::string(what) + " to " +
                          std::to_string(seconds) + " s: wanted 1 to " + std::to_string(most));
    return static_cast<int>(seconds);
}

}  // namespace

void tcp_stream::abort() noexcept {
    if (!is_open()) return;
    const linger at_once{1, 0};
    static_cast<void>(
        ::setsockopt(native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
    close();
}

void tcp_stream::set_keep_alive(const tcp_keep_alive& when) {
    const int fd = native_handle();
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, whole_seconds(when.idle, "idle time"),
               "TCP_KEEPIDLE");
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, whole_seconds(when.interval, "interval"),
               "TCP_KEEPINTVL");
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, when.probes, "TCP_KEEPCNT");
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, on, "SO_KEEPALIVE");
}

void tcp_stream::stop_keep_alive() {
    set_option(native_handle(), SOL_SOCKET, SO_KEEPALIVE, 0, "SO_KEEPALIVE");
}

std::optional<tcp_keep_alive> tcp_stream::keep_alive() const {
    const int fd = native_handle();
    if (get_option<int>(fd, SOL_SOCKET, SO_KEEPALIVE, "SO_KEEPALIVE") == 0) return std::nullopt;
    using std::chrono::seconds;
    tcp_keep_alive found;
    found.idle = seconds(get_option<int>(fd, IPPROTO_TCP, TCP_KEEPIDLE, "TCP_KEEPIDLE"));
    found.interval = seconds(get_option<int>(fd, IPPROTO_TCP, TCP_KEEPINTVL, "TCP_KEEPINTVL"));
    found.probes = get_option<int>(fd, IPPROTO_TCP, TCP_KEEPCNT, "TCP_KEEPCNT");
    return found;
}

void tcp_stream::set_user_timeout(duration limit) {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
    if (ms < 0 || ms > INT_MAX)
        throw usage_error("set a user timeout of " + std::to_string(ms) +
                          " ms: wanted 0 (the kernel's default) to 24 days");
    set_option(native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<unsigned>(ms),
               "TCP_USER_TIMEOUT");
}

void tcp_stream::set_no_delay(bool wanted) {
    set_option(native_handle(), IPPROTO_TCP, TCP_NODELAY, int{wanted}, "TCP_NODELAY");
}
bool tcp_stream::no_delay() const {
    return get_option<int>(native_handle(), IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY") != 0;
}

endpoint tcp_stream::local() const { return detail::local_address(native_handle()); }
endpoint tcp_stream::peer() const { return detail::peer_address(native_handle()); }

tcp_listener::tcp_listener(endpoint here, const listen_options& options)
    : byte_stream(listening(here, options).release(), detail::socket_calls) {}

task<tcp_stream> tcp_listener::accept() {
    tcp_stream made(co_await detail::accept_next(source()));
    send_at_once(made.native_handle());
    co_return made;
}

endpoint tcp_listener::local() const { return detail::local_address(native_handle()); }

task<tcp_stream> connect(endpoint there) {
    tcp_stream made(new_socket(there.family()).release());
    detail::connect_operation connecting(made.source(), there.address(), there.size());
    if (const int why = co_await connecting; why != 0)
        throw io_error("connect to", there.to_string(), why);
    send_at_once(made.native_handle());
    co_return made;
}

task<tcp_stream> connect(std::string host, std::string service) {
    const auto addresses = co_await resolve(host, service);
    std::exception_ptr last;
    for (const endpoint& each : addresses) {
        try {
            co_return co_await connect(each);
        } catch (const io_error&) {
            last = std::current_exception();
        }
    }
    if (last) std::rethrow_exception(last);
    throw io_error("connect to", host, EADDRNOTAVAIL);
}

}  // namespace twill::inline TWILL_ABI
