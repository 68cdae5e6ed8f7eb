// The load generator. Plain epoll on one thread: it must share nothing with what it measures.

#include "mixed/programs.hpp"
#include "mixed/serving.hpp"

#include <twill/core/random.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <cerrno>
#include <cmath>
#include <deque>
#include <string>
#include <string_view>
#include <system_error>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr std::size_t echo_size = 64;
constexpr std::string_view search_request =
    "GET /search?q=needle HTTP/1.1\r\nHost: localhost\r\n\r\n";
// Of a stream of events, in which no line end is a "\r\n".
constexpr std::string_view end_of_search = "\r\n0\r\n\r\n";
constexpr double patience_seconds = 2;
constexpr double late_seconds = 100e-6;
constexpr std::uint64_t the_alarm = ~std::uint64_t{0};

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

// Before all others on its core: what it measures is then not its own waiting.
bool take_real_time_priority() {
    prctl(PR_SET_TIMERSLACK, 1UL);
    mlockall(MCL_CURRENT | MCL_FUTURE);
    const sched_param wanted{.sched_priority = 1};
    return sched_setscheduler(0, SCHED_FIFO, &wanted) == 0;
}

struct connection {
    int fd = -1;
    std::size_t received = 0;     // of the answer under way
    std::string text = {};        // likewise, of one by HTTP
    std::deque<double> due = {};  // when each request without an answer was to be sent
};

class load {
public:
    load(unsigned port, std::size_t connections, double rate, const std::string& kind)
        : set_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll")),
          rate_(rate),
          is_http_(kind == "search"),
          request_(is_http_
                       ? std::string(search_request)
                       : std::string(1, kind == "scan" ? 1 : 0) + std::string(echo_size - 1, 0)),
          alarm_(checked(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "timerfd")) {
        watch(alarm_, EPOLLIN | EPOLLET, the_alarm);
        if (port == 0) return;
        connections_.resize(connections);
        for (std::size_t i = 0; i < connections; ++i) open(i, port);
        latencies_.reserve(1U << 18U);
    }

    // Sends what is due until `end`. At rate 0 it only waits.
    void run_until(double end) {
        due_ = rate_ > 0 && !connections_.empty() ? monotonic_seconds() + gap() : end;
        set_alarm(std::min(due_, end));
        for (double now = monotonic_seconds(); now < end; now = monotonic_seconds()) {
            if (due_ <= now) {
                for (; due_ <= now; due_ += gap()) send_one();
                set_alarm(std::min(due_, end));
            }
            receive(-1);
        }
    }
    void await_answers() {
        const double end = monotonic_seconds() + patience_seconds;
        while (outstanding_ > 0 && monotonic_seconds() < end) receive(10);
        for (const connection& each : connections_)
            for (const double due : each.due)
                if (due >= counted_from_) latencies_.push_back(monotonic_seconds() - due);
    }
    // Of requests that were due before, nothing counts.
    void forget() {
        latencies_.clear();
        late_ = 0;
        counted_from_ = monotonic_seconds();
    }
    void report() {
        std::sort(latencies_.begin(), latencies_.end());
        print("p50_us", percentile(0.5));
        print("p99_us", percentile(0.99));
        print("p999_us", percentile(0.999));
        print("max_us", percentile(1));
        print("answered", static_cast<double>(latencies_.size()));
        print("unanswered", static_cast<double>(outstanding_));
        print("late", static_cast<double>(late_));
    }

private:
    void open(std::size_t which, unsigned port) {
        const int fd = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        connections_[which].fd = fd;
        sockaddr_in there{};
        there.sin_family = AF_INET;
        there.sin_port = htons(static_cast<std::uint16_t>(port));
        there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        checked(connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there), "connect");
        const int on = 1;
        checked(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "set TCP_NODELAY");
        watch(fd, EPOLLIN, which);
    }

    void watch(int fd, std::uint32_t events, std::uint64_t name) const {
        epoll_event wanted{};
        wanted.events = events;
        wanted.data.u64 = name;
        checked(epoll_ctl(set_, EPOLL_CTL_ADD, fd, &wanted), "watch a descriptor");
    }

    double gap() { return -std::log(1 - dice_.unit()) / rate_; }

    void send_one() {
        if (monotonic_seconds() - due_ > late_seconds) ++late_;
        connection& to = connections_[dice_.below(static_cast<std::uint32_t>(connections_.size()))];
        if (send(to.fd, request_.data(), request_.size(), MSG_NOSIGNAL | MSG_DONTWAIT) !=
            static_cast<ssize_t>(request_.size()))
            throw std::runtime_error("the server took no request");
        to.due.push_back(due_);
        ++outstanding_;
    }

    // Armed once a request: to set a timer costs a virtual machine more than all the rest.
    void set_alarm(double when) const {
        const double whole = std::floor(when);
        itimerspec at{};
        at.it_value.tv_sec = static_cast<time_t>(whole);
        at.it_value.tv_nsec = static_cast<long>((when - whole) * 1e9);
        checked(timerfd_settime(alarm_, TFD_TIMER_ABSTIME, &at, nullptr), "set a timer");
    }

    void receive(int most_milliseconds) {
        std::array<epoll_event, 64> events;  // filled by epoll_wait
        const int n =
            epoll_wait(set_, events.data(), static_cast<int>(events.size()), most_milliseconds);
        for (int i = 0; i < n; ++i) {
            const auto which = events[static_cast<std::size_t>(i)].data.u64;
            if (which != the_alarm) receive_from(connections_[which]);
        }
    }

    void receive_from(connection& from) {
        std::array<char, 4096> buffer;  // filled by recv
        const ssize_t got = recv(from.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) throw std::runtime_error("the server closed a connection");
        const double now = monotonic_seconds();
        for (auto left = ended_answers(from, {buffer.data(), static_cast<std::size_t>(got)});
             left != 0; --left) {
            if (from.due.empty()) throw std::runtime_error("more came back than was sent");
            if (from.due.front() >= counted_from_) latencies_.push_back(now - from.due.front());
            from.due.pop_front();
            --outstanding_;
        }
    }

    // How many answers are complete with this piece.
    std::size_t ended_answers(connection& from, std::string_view piece) const {
        if (!is_http_) {
            from.received += piece.size();
            const std::size_t ended = from.received / echo_size;
            from.received %= echo_size;
            return ended;
        }
        std::size_t ended = 0;
        from.text += piece;
        for (std::size_t end = 0; (end = from.text.find(end_of_search)) != std::string::npos;
             ++ended) {
            if (!from.text.starts_with("HTTP/1.1 200 ") ||
                from.text.rfind("\"end\":\"complete\"", end) == std::string::npos)
                throw std::runtime_error("the service says: " + from.text.substr(0, 200));
            from.text.erase(0, end + end_of_search.size());
        }
        return ended;
    }

    // In us; of the sorted ones.
    double percentile(double share) const {
        if (latencies_.empty()) return 0;
        const auto rank = static_cast<std::size_t>(share * static_cast<double>(latencies_.size()));
        return latencies_[std::min(rank, latencies_.size() - 1)] * 1e6;
    }

    int set_;
    double rate_;
    bool is_http_;
    std::string request_;
    int alarm_;
    random_source dice_{random_seed()};
    std::vector<connection> connections_;
    std::vector<double> latencies_;
    double due_ = 0;
    double counted_from_ = 0;
    long outstanding_ = 0;
    long late_ = 0;
};

}  // namespace

void run_load(const words& given) {
    const named_words options(given);
    const double seconds = options.number("--seconds", 4);
    const double warm_up = options.number("--warm-up", 1);
    load clients(static_cast<unsigned>(options.count("--port")),
                 static_cast<std::size_t>(options.count("--connections", 64)),
                 options.number("--rate"), options.text("--request", "echo"));
    const bool real_time = take_real_time_priority();
    clients.run_until(monotonic_seconds() + warm_up);
    clients.forget();
    const double before = cpu_seconds();
    print("measuring", 1);
    clients.run_until(monotonic_seconds() + seconds);
    const double used = cpu_seconds() - before;
    print("measured", 1);
    clients.await_answers();
    clients.report();
    print("load_cpu_s", used);
    print("real_time", real_time ? 1 : 0);
}

}  // namespace twill::inline TWILL_ABI::bench
