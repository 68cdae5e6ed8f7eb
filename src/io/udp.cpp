#include <twill/core/error.hpp>
#include <twill/io/detail/descriptor.hpp>
#include <twill/io/udp.hpp>

#include "io/socket_address.hpp"
#include "io/socket_option.hpp"

#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace {

constexpr int on = 1;

detail::descriptor bound(const endpoint& here, const udp_options& options) {
    const auto name = "UDP socket at " + here.to_string();
    detail::descriptor made(
        ::socket(here.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
    if (!made) throw io_error("make", name, errno);
    const int fd = made.get();
    if (options.reuse_port) detail::set_option(fd, SOL_SOCKET, SO_REUSEPORT, on, "SO_REUSEPORT");
    if (options.broadcast) detail::set_option(fd, SOL_SOCKET, SO_BROADCAST, on, "SO_BROADCAST");
    if (options.v6_only && here.family() == AF_INET6)
        detail::set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, int{*options.v6_only}, "IPV6_V6ONLY");
    detail::set_buffer(fd, SO_SNDBUF, options.send_buffer, "SO_SNDBUF");
    detail::set_buffer(fd, SO_RCVBUF, options.receive_buffer, "SO_RCVBUF");
    if (::bind(fd, here.address(), here.size()) != 0) throw io_error("bind", name, errno);
    return made;
}

// One message, received or sent whole.
class message_request final : public io_request {
public:
    message_request(const char* what, io_call call, io_source& source, msghdr& message,
                    int flags) noexcept
        : io_request(what, call, source, &message, 0, false, flags) {}
    using io_request::throw_if_failed;
    // How long it is, or -errno. A cancelled one has moved nothing.
    ssize_t await_resume() const {
        throw_if_cancelled();
        return result;
    }
};

}  // namespace

udp_socket::udp_socket(endpoint here, const udp_options& options)
    : source_(bound(here, options).release()) {}

task<datagram> udp_socket::receive_from(std::span<std::byte> into) {
    sockaddr_storage address{};
    iovec place{into.data(), into.size()};
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = sizeof address;
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    // MSG_TRUNC: gives the full size also of what does not fit.
    message_request next("receive from", io_call::receive_message, source_, message, MSG_TRUNC);
    if (co_await next < 0) next.throw_if_failed("receive from", "fd " + std::to_string(source_.fd));
    datagram made;
    made.full_size = static_cast<std::size_t>(next.result);
    made.size = std::min(made.full_size, into.size());
    made.from = endpoint::from(address);
    co_return made;
}

task<> udp_socket::send_to(std::span<const std::byte> from, endpoint there) {
    return send_message(from, there);
}
task<> udp_socket::send(std::span<const std::byte> from) {
    return send_message(from, std::nullopt);
}

task<> udp_socket::send_message(std::span<const std::byte> from, std::optional<endpoint> there) {
    iovec place{const_cast<std::byte*>(from.data()), from.size()};
    msghdr message{};
    if (there) {
        message.msg_name = const_cast<sockaddr*>(there->address());
        message.msg_namelen = there->size();
    }
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    message_request one("send to", io_call::send_message, source_, message, 0);
    if (co_await one >= 0) co_return;
    one.throw_if_failed(
        "send to", there ? there->to_string() : "the peer of fd " + std::to_string(source_.fd));
}

void udp_socket::connect(const endpoint& there) {
    if (::connect(source_.fd, there.address(), there.size()) != 0)
        throw io_error("connect to", there.to_string(), errno);
}

endpoint udp_socket::local() const { return detail::local_address(source_.fd); }
endpoint udp_socket::peer() const { return detail::peer_address(source_.fd); }

void udp_socket::close() noexcept {
    if (source_.fd < 0) return;
    source_.forget();
    ::close(std::exchange(source_.fd, -1));
}

udp_socket& udp_socket::operator=(udp_socket&& other) noexcept {
    if (this == &other) return *this;
    close();
    source_ = std::move(other.source_);
    return *this;
}

}  // namespace twill::inline TWILL_ABI
