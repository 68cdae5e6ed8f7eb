// The echo server without any library: what the kernel allows. Edge-triggered, each socket
// registered once; each thread has an epoll set and a listener of its own, between which the kernel
// shares out the connections: epoll echo THREADS.

#include "common/meter.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

int checked(int result, const char* what) {
    if (result < 0) {
        std::perror(what);
        std::exit(1);
    }
    return result;
}

int listen_on(std::uint16_t port) {
    const int door =
        checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    const int on = 1;
    checked(setsockopt(door, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), "share the port");
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(port);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    checked(bind(door, reinterpret_cast<sockaddr*>(&here), sizeof here), "bind");
    checked(listen(door, 1024), "listen");
    return door;
}

std::uint16_t port_of(int door) {
    sockaddr_in here{};
    socklen_t size = sizeof here;
    checked(getsockname(door, reinterpret_cast<sockaddr*>(&here), &size), "getsockname");
    return ntohs(here.sin_port);
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

[[noreturn]] void serve(int door) {
    const int set = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
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

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    if (argc != 3 || std::string_view(argv[1]) != "echo") {
        std::fprintf(stderr, "usage: epoll echo THREADS\n");
        return 2;
    }
    std::vector<int> doors{bench::listen_on(0)};
    const std::uint16_t port = bench::port_of(doors.front());
    const auto threads = static_cast<std::size_t>(std::atoi(argv[2]));
    while (doors.size() < threads) doors.push_back(bench::listen_on(port));
    bench::print("port", port);
    for (std::size_t i = 1; i < doors.size(); ++i) std::thread(bench::serve, doors[i]).detach();
    bench::serve(doors.front());
}
