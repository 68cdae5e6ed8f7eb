// The echo service without any library: what the kernel allows on one thread. Edge-triggered, each
// socket registered once. epoll NAME: the only name is echo.

#include "common/meter.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace twill::inline TWILL_ABI::bench {
namespace {

int checked(int result, const char* what) {
    if (result < 0) {
        std::perror(what);
        std::exit(1);
    }
    return result;
}

int listen_on_any_port() {
    const int door =
        checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    checked(bind(door, reinterpret_cast<sockaddr*>(&here), size), "bind");
    checked(listen(door, 1024), "listen");
    checked(getsockname(door, reinterpret_cast<sockaddr*>(&here), &size), "getsockname");
    print("port", ntohs(here.sin_port));
    return door;
}

void watch(int set, int fd) {
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLET;
    wanted.data.fd = fd;
    checked(epoll_ctl(set, EPOLL_CTL_ADD, fd, &wanted), "epoll_ctl");
}

void accept_all(int set, int door) {
    for (;;) {
        const int fd = accept4(door, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(set, fd);
    }
}

// Until there is nothing more to read. A read that does not fill the buffer has emptied the socket:
// the edge comes again with the next byte. A peer that does not read its answers is given up; the
// load has one request under way, so that its answer always fits.
void echo(int fd) {
    std::array<std::byte, 4096> buffer;  // filled by recv
    for (;;) {
        const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0 || send(fd, buffer.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) != n) {
            close(fd);
            return;
        }
        if (static_cast<std::size_t>(n) < buffer.size()) return;
    }
}

[[noreturn]] void serve() {
    const int set = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    const int door = listen_on_any_port();
    watch(set, door);
    std::array<epoll_event, 256> events;  // filled by epoll_wait
    for (;;) {
        const int n = epoll_wait(set, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < n; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd == door)
                accept_all(set, door);
            else
                echo(fd);
        }
    }
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main() { twill::bench::serve(); }
