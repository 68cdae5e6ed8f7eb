// The load for the echo services. It uses nothing of twill's: one thread, one epoll set, and as
// little work for a request as there can be, so that the service is the bottleneck.

#include "common/meter.hpp"
#include "echo/programs.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr std::size_t request_size = 64;
constexpr double warm_up_seconds = 0.5;

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

class load {
public:
    load(unsigned port, long connections) : set_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll")) {
        for (long i = 0; i < connections; ++i) open(port);
        for (const int fd : sockets_) send(fd);
    }

    // Answers every response by the next request until `seconds` have passed; how many there were.
    long run(double seconds) {
        const double end = seconds_of(CLOCK_MONOTONIC) + seconds;
        long answered = 0;
        std::array<epoll_event, 256> events;  // filled by epoll_wait
        while (seconds_of(CLOCK_MONOTONIC) < end) {
            const int n = epoll_wait(set_, events.data(), static_cast<int>(events.size()), 100);
            for (int i = 0; i < n; ++i)
                answered += answer(events[static_cast<std::size_t>(i)].data.u32);
        }
        return answered;
    }

private:
    void open(unsigned port) {
        const int fd = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        sockaddr_in there{};
        there.sin_family = AF_INET;
        there.sin_port = htons(static_cast<std::uint16_t>(port));
        there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        checked(connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there), "connect");
        const int on = 1;
        checked(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "set TCP_NODELAY");
        epoll_event wanted{};
        wanted.events = EPOLLIN | EPOLLET;
        wanted.data.u32 = static_cast<std::uint32_t>(sockets_.size());
        checked(epoll_ctl(set_, EPOLL_CTL_ADD, fd, &wanted), "watch a socket");
        sockets_.push_back(fd);
        received_.push_back(0);
    }

    void send(int fd) {
        static constexpr std::array<char, request_size> request{};
        if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != ssize_t{request_size})
            throw std::runtime_error("the service took no request");
    }

    // Reads what is there; a response that is complete now is counted and followed by a request.
    long answer(std::uint32_t which) {
        std::array<char, 4096> buffer;  // filled by recv
        const ssize_t n = recv(sockets_[which], buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) return 0;
        if (n <= 0) throw std::runtime_error("the service closed a connection");
        received_[which] += static_cast<std::size_t>(n);
        if (received_[which] < request_size) return 0;
        if (received_[which] > request_size)
            throw std::runtime_error("more came back than was sent");
        received_[which] = 0;
        send(sockets_[which]);
        return 1;
    }

    int set_;
    std::vector<int> sockets_;
    std::vector<std::size_t> received_;
};

}  // namespace

void run_echo_load(unsigned port, int server, long connections, double seconds) {
    clockid_t server_clock{};
    if (const int error = clock_getcpuclockid(server, &server_clock); error != 0)
        throw std::system_error(error, std::generic_category(), "read the service's CPU time");
    load clients(port, connections);
    clients.run(warm_up_seconds);

    const double start = seconds_of(CLOCK_MONOTONIC);
    const double cpu_start = seconds_of(server_clock);
    const auto requests = static_cast<double>(clients.run(seconds));
    const double cpu = seconds_of(server_clock) - cpu_start;
    const double took = seconds_of(CLOCK_MONOTONIC) - start;
    print("per_s", requests / took);
    print("request_ns", cpu * 1e9 / requests);
    print("busy", cpu / took);
}

}  // namespace twill::inline TWILL_ABI::bench
