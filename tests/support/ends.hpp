// Requests of the reactor and the descriptors that tests make them on.
#pragma once

#include <twill/core/reactor.hpp>
#include <twill/core/task.hpp>

#include "tasks.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace twill_test {

using twill::io_call;
using twill::io_request;
using twill::io_source;

// One request as data; gives what the call returned, or -errno.
class request final : public io_request {
public:
    request(io_call what, io_source& on, void* data = nullptr, std::size_t size = 0,
            bool whole = false, int flags = 0) noexcept
        : io_request("request", what, on, data, size, whole, flags) {}
    ssize_t await_resume() const {
        throw_if_cancelled();
        return result;
    }
};

// A descriptor that is forgotten and closed at its end.
class watched {
public:
    explicit watched(int fd = -1) noexcept : source(fd) {}
    watched(watched&& other) noexcept : source(std::move(other.source)) {}
    ~watched() { close(); }
    void close() noexcept {
        if (source.fd < 0) return;
        source.forget();
        ::close(source.fd);
        source.fd = -1;
    }
    io_source source;
};

using both_ends = std::pair<watched, watched>;

inline both_ends local_pair() {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
        throw failure(errno);
    return {watched(fds[0]), watched(fds[1])};
}

inline both_ends pipe_pair() {  // read, write
    int fds[2];
    if (::pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) throw failure(errno);
    return {watched(fds[0]), watched(fds[1])};
}

struct loopback_listener {
    loopback_listener() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* any = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        if (::bind(socket.source.fd, any, size) != 0 || ::listen(socket.source.fd, 64) != 0 ||
            ::getsockname(socket.source.fd, any, &size) != 0)
            throw failure(errno);
    }
    // A blocking client that is connected already.
    [[nodiscard]] int client() const {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw failure(errno);
        return fd;
    }
    watched socket;
    sockaddr_in address{};
};

inline both_ends tcp_pair() {
    loopback_listener listener;
    watched client(listener.client());
    ::fcntl(client.source.fd, F_SETFL, O_NONBLOCK);
    const int fd =
        ::accept4(listener.socket.source.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return {std::move(client), watched(fd)};
}

inline twill::task<std::string> receive_some(io_source& from, std::size_t most = 100) {
    std::string text(most, '\0');
    const ssize_t got = co_await request(io_call::receive, from, text.data(), text.size());
    if (got < 0) throw failure(static_cast<int>(-got));
    text.resize(static_cast<std::size_t>(got));
    co_return text;
}

inline twill::task<ssize_t> send_all(io_source& to, std::string text) {
    co_return co_await request(io_call::send, to, text.data(), text.size(), true);
}

inline void put(const watched& into, std::string_view text) {
    ASSERT_EQ(::write(into.source.fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

}  // namespace twill_test
