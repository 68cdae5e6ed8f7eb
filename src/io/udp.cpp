#include <twill/core/error.hpp>
#include <twill/io/detail/descriptor.hpp>
#include <twill/io/udp.hpp>

#include "io/readiness.hpp"
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

}  // namespace

udp_socket::udp_socket(endpoint here, const udp_options& options)
    : source_(bound(here, options).release()) {}

task<datagram> udp_socket::receive_from(std::span<std::byte> into) {
    sockaddr_storage address{};
    iovec place{into.data(), into.size()};
    const auto receive = [&]() noexcept {
        msghdr message{};
        message.msg_name = &address;
        message.msg_namelen = sizeof address;
        message.msg_iov = &place;
        message.msg_iovlen = 1;
        // Gives the full size also of what does not fit.
        return ::recvmsg(source_.fd, &message, MSG_TRUNC);
    };
    const ssize_t got = co_await detail::when_readable("receive from", source_, receive);
    if (got < 0)
        throw io_error("receive from", "fd " + std::to_string(source_.fd), static_cast<int>(-got));
    datagram made;
    made.full_size = static_cast<std::size_t>(got);
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
    const auto send = [&]() noexcept {
        return ::sendto(source_.fd, from.data(), from.size(), MSG_NOSIGNAL,
                        there ? there->address() : nullptr, there ? there->size() : 0);
    };
    const ssize_t sent = co_await detail::when_writable("send to", source_, send);
    if (sent >= 0) co_return;
    throw io_error("send to",
                   there ? there->to_string() : "the peer of fd " + std::to_string(source_.fd),
                   static_cast<int>(-sent));
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
