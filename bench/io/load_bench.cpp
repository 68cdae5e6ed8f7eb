// The load. It uses nothing of twill's: a thread has an epoll set of its own, and does as little
// for a request as there can be, so that the server is the bottleneck.
//
//     load --talk echo|http|https --port N --server PID --connections N --threads N --seconds N
//         Keeps one request under way on each connection. Prints "per_s", "request_ns" (CPU time
//         of the server), "busy" (how many cores it used), "p50_us" and "p99_us".
//     load --way arrivals ...
//         Each request on a connection of its own, so many at a time. The same.
//     load --way idle ...
//         One request on each connection; prints "open", and holds them until its input ends.

#include "common/meter.hpp"
#include "io/family.hpp"
#include "io/programs.hpp"
#include "io/talk.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

using seconds_since_boot = double;
constexpr double warm_up_seconds = 0.5;
constexpr std::size_t most_answers = 4'000'000;  // whose latency is kept, a thread

seconds_since_boot clock_now() { return seconds_of(CLOCK_MONOTONIC); }

// A thread's share of the connections, each answer followed by the next request.
class share {
public:
    share(unsigned port, long connections, const talk& how)
        : how_(how), set_(epoll_create1(EPOLL_CLOEXEC)) {
        if (set_ < 0) throw std::system_error(errno, std::generic_category(), "epoll");
        for (long i = 0; i < connections; ++i) open(port);
        latencies_.reserve(most_answers);
    }
    ~share() { close(set_); }
    share(const share&) = delete;
    share& operator=(const share&) = delete;

    void begin() {
        for (one& each : all_) ask(each, clock_now());
    }
    void run_until(seconds_since_boot end) {
        std::array<epoll_event, 256> events;  // filled by epoll_wait
        for (seconds_since_boot now = clock_now(); now < end; now = clock_now()) {
            const int n = epoll_wait(set_, events.data(), static_cast<int>(events.size()), 100);
            for (int i = 0; i < n; ++i) answer(all_[events[static_cast<std::size_t>(i)].data.u32]);
        }
    }
    void forget() { latencies_.clear(); }
    [[nodiscard]] const std::vector<float>& latencies() const noexcept { return latencies_; }

private:
    struct one {
        client with;
        seconds_since_boot asked = 0;
    };

    void open(unsigned port) {
        all_.push_back({.with = client(port, how_)});
        wire& on = all_.back().with.on();
        on.never_block();
        epoll_event wanted{};
        wanted.events = EPOLLIN | EPOLLET;
        wanted.data.u32 = static_cast<std::uint32_t>(all_.size() - 1);
        if (epoll_ctl(set_, EPOLL_CTL_ADD, on.descriptor(), &wanted) != 0)
            throw std::system_error(errno, std::generic_category(), "watch a socket");
    }
    void ask(one& which, seconds_since_boot now) {
        which.asked = now;
        which.with.ask();
    }
    void answer(one& which) {
        if (!which.with.read()) return;
        const seconds_since_boot now = clock_now();
        if (latencies_.size() == most_answers) throw std::runtime_error("too many answers");
        latencies_.push_back(static_cast<float>(now - which.asked));
        ask(which, now);
    }

    const talk& how_;
    int set_;
    std::vector<one> all_;
    std::vector<float> latencies_;
};

// A thread that makes one connection after the other.
class caller {
public:
    caller(unsigned port, const talk& how) : port_(port), how_(how) {}
    void begin() {}
    void run_until(seconds_since_boot end) {
        for (seconds_since_boot now = clock_now(); now < end;) {
            client once(port_, how_);
            once.ask_and_wait();
            once.on().finish();
            const seconds_since_boot then = clock_now();
            latencies_.push_back(static_cast<float>(then - now));
            now = then;
        }
    }
    void forget() { latencies_.clear(); }
    [[nodiscard]] const std::vector<float>& latencies() const noexcept { return latencies_; }

private:
    unsigned port_;
    const talk& how_;
    std::vector<float> latencies_;
};

void sleep_until(seconds_since_boot when) {
    std::this_thread::sleep_for(std::chrono::duration<double>(when - clock_now()));
}

// In us; of at least one.
double percentile(std::vector<float>& of, double which) {
    const auto at =
        of.begin() + static_cast<std::ptrdiff_t>(which * static_cast<double>(of.size()));
    std::nth_element(of.begin(), at, of.end());
    return static_cast<double>(*at) * 1e6;
}

// Each of `all` on a thread of its own.
template <class Source>
void measure(std::vector<std::unique_ptr<Source>>& all, const family& server, double seconds) {
    std::exception_ptr failure;
    std::mutex lock;
    const seconds_since_boot begin = clock_now() + warm_up_seconds;
    const seconds_since_boot end = begin + seconds;
    std::vector<std::thread> threads;
    for (auto& each : all)
        threads.emplace_back([&, source = each.get()] {
            try {
                source->begin();
                source->run_until(begin);
                source->forget();
                source->run_until(end);
            } catch (...) {
                const std::lock_guard hold(lock);
                failure = std::current_exception();
            }
        });
    sleep_until(begin);
    const seconds_since_boot began = clock_now();
    const double cpu_before = server.cpu_seconds();
    sleep_until(end);
    const double cpu = server.cpu_seconds() - cpu_before;
    const double took = clock_now() - began;
    for (std::thread& each : threads) each.join();
    if (failure) std::rethrow_exception(failure);

    std::vector<float> latencies;
    for (const auto& each : all)
        latencies.insert(latencies.end(), each->latencies().begin(), each->latencies().end());
    if (latencies.empty()) throw std::runtime_error("no answer came");
    const auto answers = static_cast<double>(latencies.size());
    print("per_s", answers / took);
    print("request_ns", cpu * 1e9 / answers);
    print("busy", cpu / took);
    print("p50_us", percentile(latencies, 0.5));
    print("p99_us", percentile(latencies, 0.99));
}

void hold_idle(unsigned port, long connections, const talk& how) {
    std::vector<client> all;
    for (long i = 0; i < connections; ++i) {
        all.emplace_back(port, how);
        all.back().ask_and_wait();
    }
    print("open", static_cast<double>(all.size()));
    char word = 0;
    while (::read(STDIN_FILENO, &word, 1) > 0) {
    }
}

void allow_many_descriptors() {
    rlimit most{};
    if (getrlimit(RLIMIT_NOFILE, &most) != 0) return;
    most.rlim_cur = most.rlim_max;
    setrlimit(RLIMIT_NOFILE, &most);
}

}  // namespace

void run_load(const words& arguments) {
    signal(SIGPIPE, SIG_IGN);  // OpenSSL writes as it likes
    allow_many_descriptors();
    const named_words options(arguments);
    const auto port = static_cast<unsigned>(options.count("--port"));
    const long connections = options.count("--connections");
    const long threads = std::max(1L, options.count("--threads"));
    const std::string way = options.text("--way");
    talk how(options.text("--talk"));
    how.learn_answer(port);
    if (way == "idle") return hold_idle(port, connections, how);

    const family server(static_cast<pid_t>(options.count("--server")));
    const double seconds = options.number("--seconds");
    if (way == "arrivals") {
        std::vector<std::unique_ptr<caller>> all;
        for (long i = 0; i < connections; ++i) all.push_back(std::make_unique<caller>(port, how));
        measure(all, server, seconds);
    } else {
        std::vector<std::unique_ptr<share>> all;
        for (long i = 0; i < threads; ++i)
            all.push_back(std::make_unique<share>(port, connections / threads, how));
        measure(all, server, seconds);
    }
}

}  // namespace twill::inline TWILL_ABI::bench
