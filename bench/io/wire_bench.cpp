#include "io/wire.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

int connect_to(unsigned port) {
    const int fd = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(static_cast<std::uint16_t>(port));
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    if (connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        const int why = errno;
        close(fd);
        throw std::system_error(why, std::generic_category(), "connect");
    }
    return fd;
}

}  // namespace

tls_client::tls_client() : context_(SSL_CTX_new(TLS_client_method())) {
    if (!context_) throw std::runtime_error("no TLS");
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
}

SSL* tls_client::make() const {
    SSL* made = SSL_new(context_.get());
    if (made == nullptr) throw std::runtime_error("no TLS connection");
    return made;
}

wire::wire(unsigned port, const tls_client* tls) : fd_(connect_to(port)) {
    if (tls == nullptr) return;
    tls_ = tls->make();
    if (SSL_set_fd(tls_, fd_) != 1 || SSL_connect(tls_) != 1) {
        SSL_free(tls_);
        close(fd_);
        throw std::runtime_error("the TLS handshake failed");
    }
}

wire::wire(wire&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), tls_(std::exchange(other.tls_, nullptr)) {}

wire::~wire() {
    SSL_free(tls_);
    if (fd_ >= 0) close(fd_);
}

void wire::never_block() {
    const int flags = checked(fcntl(fd_, F_GETFL), "fcntl");
    checked(fcntl(fd_, F_SETFL, flags | O_NONBLOCK), "fcntl");
}

void wire::send(std::string_view bytes) {
    const auto size = static_cast<ssize_t>(bytes.size());
    const ssize_t sent = tls_ == nullptr
                             ? ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL)
                             : SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()));
    if (sent != size) throw std::runtime_error("the server took no request");
}

std::size_t wire::receive(std::span<char> into) {
    if (tls_ == nullptr) {
        const ssize_t got = recv(fd_, into.data(), into.size(), 0);
        if (got > 0) return static_cast<std::size_t>(got);
        if (got < 0 && errno == EAGAIN) return 0;
    } else {
        const int got = SSL_read(tls_, into.data(), static_cast<int>(into.size()));
        if (got > 0) return static_cast<std::size_t>(got);
        if (SSL_get_error(tls_, got) == SSL_ERROR_WANT_READ) return 0;
    }
    throw std::runtime_error("the server closed a connection");
}

void wire::finish() noexcept {
    if (tls_ != nullptr) SSL_shutdown(tls_);
}

}  // namespace twill::inline TWILL_ABI::bench
