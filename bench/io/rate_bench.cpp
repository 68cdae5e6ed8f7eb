// A load of so many requests a second, whether or not they are answered. It uses nothing of
// twill's.
//
//     rate --port N --connections N --seconds N
//         First keeps eight requests under way for a while: what the server can do. Then sends
//         twice as many a second, at times fixed beforehand, on connections that have no request
//         under way. A latency counts from that time, so a server that is late does not make the
//         load milder. Prints "could_per_s"; of the second part "good_per_s", how many were
//         answered by 200 within `patience`, "good_share", that against what it could do,
//         "refused_per_s", and "p99_us" of all answers by 200.

#include "common/meter.hpp"
#include "io/programs.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr double patience = 0.25;
constexpr double warm_up = 1;
constexpr int under_way = 8;
constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

double clock_now() { return seconds_of(CLOCK_MONOTONIC); }

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

class crowd {
public:
    crowd(unsigned port, std::size_t connections) : set_(epoll_create1(EPOLL_CLOEXEC)) {
        if (set_ < 0) fail("epoll");
        for (std::size_t i = 0; i < connections; ++i) open(port);
    }
    ~crowd() {
        for (const one& each : all_) close(each.fd);
        close(set_);
    }
    crowd(const crowd&) = delete;
    crowd& operator=(const crowd&) = delete;

    // Sends the next when one is answered. Answers a second.
    double closed(double seconds) {
        for (int i = 0; i < under_way; ++i) ask(clock_now());
        const double begin = clock_now();
        while (clock_now() < begin + seconds) {
            read_for(10);
            while (in_flight() < under_way) ask(clock_now());
        }
        const auto answered = static_cast<double>(latencies_.size());
        const double took = clock_now() - begin;
        while (in_flight() != 0) read_for(10);
        forget();
        return answered / took;
    }
    void open_at(double rate, double seconds) {
        const double begin = clock_now();
        double next = begin;
        bool is_warm = false;
        for (double now = begin; now < begin + warm_up + seconds; now = clock_now()) {
            if (!is_warm && now > begin + warm_up) {
                is_warm = true;
                forget();
            }
            for (; next <= now; next += 1 / rate) ask(next);
            read_for(1);
        }
    }

    [[nodiscard]] double good() const {
        return static_cast<double>(
            std::ranges::count_if(latencies_, [](double latency) { return latency <= patience; }));
    }
    [[nodiscard]] double refused() const noexcept { return static_cast<double>(refused_); }
    // In us.
    [[nodiscard]] double p99() {
        if (latencies_.empty()) throw std::runtime_error("nothing was answered");
        const auto at = latencies_.begin() +
                        static_cast<std::ptrdiff_t>(0.99 * static_cast<double>(latencies_.size()));
        std::nth_element(latencies_.begin(), at, latencies_.end());
        return *at * 1e6;
    }

private:
    struct one {
        int fd;
        double asked = 0;
        std::string got = {};
    };

    void open(unsigned port) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in there{};
        there.sin_family = AF_INET;
        there.sin_port = htons(static_cast<std::uint16_t>(port));
        there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0)
            fail("connect");
        constexpr int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_event wanted{};
        wanted.events = EPOLLIN;
        wanted.data.u64 = all_.size();
        if (epoll_ctl(set_, EPOLL_CTL_ADD, fd, &wanted) != 0) fail("watch a socket");
        idle_.push_back(all_.size());
        all_.push_back({.fd = fd});
    }
    [[nodiscard]] int in_flight() const noexcept {
        return static_cast<int>(all_.size() - idle_.size());
    }
    // Without an idle connection it is not sent, and is no good answer.
    void ask(double when) {
        if (idle_.empty()) return;
        one& each = all_[idle_.back()];
        idle_.pop_back();
        each.asked = when;
        if (write(each.fd, request.data(), request.size()) != static_cast<ssize_t>(request.size()))
            fail("ask");
    }
    void read_for(int milliseconds) {
        std::array<epoll_event, 256> events;  // filled by epoll_wait
        const int n =
            epoll_wait(set_, events.data(), static_cast<int>(events.size()), milliseconds);
        for (int i = 0; i < n; ++i) read(events[static_cast<std::size_t>(i)].data.u64);
    }
    void read(std::size_t which) {
        one& each = all_[which];
        std::array<char, 4096> buffer;  // filled by read
        const ssize_t got = ::read(each.fd, buffer.data(), buffer.size());
        if (got <= 0) throw std::runtime_error("the server closed a connection");
        each.got.append(buffer.data(), static_cast<std::size_t>(got));
        const auto head = each.got.find("\r\n\r\n");
        if (head == std::string::npos) return;
        const auto length = each.got.find("Content-Length: ");
        if (length > head) throw std::runtime_error("an answer without a length");
        if (each.got.size() < head + 4 + std::stoul(each.got.substr(length + 16))) return;
        if (each.got.starts_with("HTTP/1.1 200 "))
            latencies_.push_back(clock_now() - each.asked);
        else if (each.got.starts_with("HTTP/1.1 503 "))
            ++refused_;
        else
            throw std::runtime_error("an answer that is none");
        each.got.clear();
        idle_.push_back(which);
    }
    void forget() {
        latencies_.clear();
        refused_ = 0;
    }

    int set_;
    std::vector<one> all_;
    std::vector<std::size_t> idle_;
    std::vector<double> latencies_;
    std::size_t refused_ = 0;
};

}  // namespace

void run_rate(const words& arguments) {
    rlimit most{};
    getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = most.rlim_max;
    setrlimit(RLIMIT_NOFILE, &most);
    const named_words options(arguments);
    const double seconds = options.number("--seconds");
    crowd load(static_cast<unsigned>(options.count("--port")),
               static_cast<std::size_t>(options.count("--connections")));
    const double could = load.closed(seconds / 2);
    load.open_at(2 * could, seconds);
    const double good = load.good() / seconds;
    print("could_per_s", could);
    print("good_per_s", good);
    print("good_share", good / could);
    print("refused_per_s", load.refused() / seconds);
    print("p99_us", load.p99());
}

}  // namespace twill::inline TWILL_ABI::bench
