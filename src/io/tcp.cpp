#include <twill/core/error.hpp>
#include <twill/io/detail/descriptor.hpp>
#include <twill/io/tcp.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <cerrno>
#include <exception>

namespace twill::inline TWILL_ABI {
namespace {

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

detail::descriptor listening(const endpoint& here, int backlog) {
    const auto name = "TCP socket at " + here.to_string();
    auto made = new_socket(here.family());
    if (::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        throw io_error("set SO_REUSEADDR on", name, errno);
    if (::bind(made.get(), here.address(), here.size()) != 0) throw io_error("bind", name, errno);
    if (::listen(made.get(), backlog) != 0) throw io_error("listen on", name, errno);
    return made;
}

endpoint ask(int fd, int (*which)(int, sockaddr*, socklen_t*), const char* verb) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (which(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw io_error(verb, "fd " + std::to_string(fd), errno);
    return endpoint::from(address);
}

class connect_operation final : public io_request {
public:
    connect_operation(io_source& source, const endpoint& there) noexcept
        : io_request("connect", io_call::connect, source, const_cast<sockaddr*>(there.address()),
                     there.size()) {}
    // 0, or errno. What is not the peer's fault is thrown: another address would not help.
    int await_resume() const {
        throw_if_cancelled();
        if (unwatched) throw_if_failed("connect", "fd " + std::to_string(source().fd));
        return static_cast<int>(-result);
    }
};

}  // namespace

void tcp_stream::shutdown_write() {
    if (::shutdown(native_handle(), SHUT_WR) != 0)
        throw io_error("shut down writing to", "fd " + std::to_string(native_handle()), errno);
}

endpoint tcp_stream::local() const {
    return ask(native_handle(), &::getsockname, "ask for the address of");
}
endpoint tcp_stream::peer() const {
    return ask(native_handle(), &::getpeername, "ask for the peer of");
}

tcp_stream detail::accept_operation::await_resume() const {
    throw_if_cancelled();
    if (result < 0) throw_if_failed("accept on", "fd " + std::to_string(source().fd));
    const int fd = static_cast<int>(result);
    send_at_once(fd);
    return tcp_stream(fd);
}

tcp_listener::tcp_listener(endpoint here, int backlog)
    : byte_stream(listening(here, backlog).release(), detail::socket_stream) {}

endpoint tcp_listener::local() const {
    return ask(native_handle(), &::getsockname, "ask for the address of");
}

task<tcp_stream> connect(endpoint there) {
    tcp_stream made(new_socket(there.family()).release());
    connect_operation connecting(made.source(), there);
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
