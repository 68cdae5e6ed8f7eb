#include "twill/demo/load_generator.hpp"

#include <twill/core/error.hpp>
#include <twill/core/random.hpp>

#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <deque>

namespace twill_command::demo {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t message_size = 64;

// Written by hand on epoll, not on twill: the measure must not share what it measures.
class generator {
public:
    generator(const load& what, const twill::endpoint& service);
    ~generator();
    generator(const generator&) = delete;
    generator& operator=(const generator&) = delete;
    latencies run();

private:
    struct connection {
        int fd = -1;
        std::size_t received = 0;                   // of the answer under way
        std::deque<twill::time_point> due_times{};  // of the requests not answered yet
    };

    void open(connection& to, const twill::endpoint& service);
    void send_due(twill::time_point now);
    void receive(twill::duration wait);
    void receive_from(connection& from);
    twill::duration next_gap();

    const load what_;
    twill::random_source dice_{twill::random_seed()};
    int epoll_;
    std::vector<connection> connections_;
    twill::time_point next_due_{};
    std::vector<double> latencies_us_;
    std::uint64_t outstanding_ = 0;
};

generator::generator(const load& what, const twill::endpoint& service)
    : what_(what), epoll_(::epoll_create1(EPOLL_CLOEXEC)), connections_(what.connections) {
    if (epoll_ < 0) throw twill::io_error("make", "an epoll instance", errno);
    for (auto& each : connections_) open(each, service);
}

generator::~generator() {
    for (const auto& each : connections_)
        if (each.fd >= 0) ::close(each.fd);
    ::close(epoll_);
}

void generator::open(connection& to, const twill::endpoint& service) {
    to.fd = ::socket(service.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (to.fd < 0 || ::connect(to.fd, service.address(), service.size()) != 0)
        throw twill::io_error("connect to", service.to_string(), errno);
    const int on = 1;
    ::setsockopt(to.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = static_cast<std::uint64_t>(&to - connections_.data());
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, to.fd, &event) != 0)
        throw twill::io_error("watch", "a connection", errno);
}

twill::duration generator::next_gap() {
    const double seconds = -std::log(1.0 - dice_.unit()) / what_.per_second;
    return std::chrono::duration_cast<twill::duration>(std::chrono::duration<double>(seconds));
}

void generator::send_due(twill::time_point now) {
    constexpr std::array<char, message_size> message{};
    while (next_due_ <= now) {
        auto& to = connections_[dice_.below(what_.connections)];
        if (::send(to.fd, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) !=
            static_cast<ssize_t>(message.size()))
            throw twill::io_error("send to", "the echo service", errno);
        to.due_times.push_back(next_due_);
        ++outstanding_;
        next_due_ += next_gap();
    }
}

void generator::receive_from(connection& from) {
    std::array<char, 4096> buffer;
    const ssize_t got = ::recv(from.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0)
        throw twill::io_error("receive from", "the echo service", got == 0 ? EPIPE : errno);
    const auto now = twill::now();
    from.received += static_cast<std::size_t>(got);
    for (; from.received >= message_size; from.received -= message_size) {
        const std::chrono::duration<double, std::micro> late = now - from.due_times.front();
        from.due_times.pop_front();
        latencies_us_.push_back(late.count());
        --outstanding_;
    }
}

void generator::receive(twill::duration wait) {
    constexpr int most = 64;
    epoll_event events[most];
    timespec limit{};
    limit.tv_nsec = static_cast<long>(std::clamp<std::int64_t>(wait.count(), 0, 100'000'000));
    int count = ::epoll_pwait2(epoll_, events, most, &limit, nullptr);
    if (count < 0 && errno == ENOSYS) count = ::epoll_wait(epoll_, events, most, 0);
    for (int i = 0; i < count; ++i) receive_from(connections_[events[i].data.u64]);
}

// Real-time priority for the calling thread while it lives, if the kernel grants it.
class priority {
public:
    priority() {
        ::pthread_getschedparam(::pthread_self(), &policy_, &before_);
        const sched_param wanted{.sched_priority = 1};
        granted_ = ::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &wanted) == 0;
        ::prctl(PR_SET_TIMERSLACK, 1UL);
    }
    ~priority() {
        if (granted_) ::pthread_setschedparam(::pthread_self(), policy_, &before_);
    }
    priority(const priority&) = delete;
    priority& operator=(const priority&) = delete;
    [[nodiscard]] bool granted() const noexcept { return granted_; }

private:
    int policy_ = 0;
    sched_param before_{};
    bool granted_ = false;
};

double percentile(const std::vector<double>& sorted, double share) {
    if (sorted.empty()) return 0;
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
    return sorted[std::min(rank, sorted.size() - 1)];
}

latencies generator::run() {
    const priority raised;
    const auto end = twill::after(twill::now(), std::chrono::duration_cast<twill::duration>(
                                                    std::chrono::duration<double>(what_.seconds)));
    next_due_ = twill::now() + next_gap();
    for (auto now = twill::now(); now < end; now = twill::now()) {
        send_due(now);
        receive(next_due_ - twill::now());
    }
    for (const auto patience = end + 1s; outstanding_ > 0 && twill::now() < patience;)
        receive(10ms);
    std::sort(latencies_us_.begin(), latencies_us_.end());
    return {percentile(latencies_us_, 0.5),
            percentile(latencies_us_, 0.99),
            percentile(latencies_us_, 0.999),
            latencies_us_.size(),
            outstanding_,
            raised.granted()};
}

}  // namespace

latencies generate(const load& what, const twill::endpoint& service) {
    return generator(what, service).run();
}

}  // namespace twill_command::demo
