#include "twill/demo/naive_pool.hpp"
#include "twill/demo/rivals.hpp"
#include "twill/demo/words.hpp"

#include <twill/core/atomic.hpp>
#include <twill/core/error.hpp>
#include <twill/runtime/usable_cpus.hpp>
#include <twill/trace/span.hpp>

#include <array>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <latch>
#include <thread>

namespace twill_command::demo {
namespace {

int must(int result, const char* what) {
    if (result < 0) throw twill::io_error(what, "the one-pool service", errno);
    return result;
}

class one_pool_service final : public echo_and_count {
public:
    explicit one_pool_service(const std::vector<std::string>& texts)
        : texts_(texts),
          epoll_(must(::epoll_create1(EPOLL_CLOEXEC), "make epoll for")),
          wake_(must(::eventfd(0, EFD_CLOEXEC), "make an eventfd for")),
          door_(must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "make a socket for")),
          pool_(std::make_unique<naive_pool>(twill::usable_cpus())) {
        const auto here = twill::endpoint::loopback(0);
        must(::bind(door_, here.address(), here.size()), "bind");
        must(::listen(door_, SOMAXCONN), "listen for");
        sockaddr_storage bound{};
        socklen_t size = sizeof bound;
        must(::getsockname(door_, reinterpret_cast<sockaddr*>(&bound), &size), "ask about");
        address_ = twill::endpoint::from(bound);
        watch(door_, EPOLLIN);
        watch(wake_, EPOLLIN);
        thread_ = std::thread([this] { poll(); });
    }

    ~one_pool_service() override {
        stopping_ = true;
        const std::uint64_t one = 1;
        static_cast<void>(::write(wake_, &one, sizeof one));
        thread_.join();
        pool_.reset();
        for (const int each : connections_) ::close(each);
        for (const int each : {door_, wake_, epoll_}) ::close(each);
    }

    [[nodiscard]] twill::endpoint address() const override { return address_; }
    void start_counting() override {
        counted_ = 0;
        began_ = twill::now();
        counting_ = true;
        counter_ = std::thread([this] {
            while (counting_) count_all();
        });
    }
    double stop_counting() override {
        counting_ = false;
        const std::chrono::duration<double> took = twill::now() - began_;
        const double rate = static_cast<double>(counted_) / took.count();
        counter_.join();
        return rate;
    }

private:
    void watch(int fd, std::uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        must(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "watch a descriptor of");
    }

    // One shot: a connection is not watched while a thread of the pool handles it.
    void poll() {
        ::pthread_setname_np(::pthread_self(), "poller");
        while (!stopping_) {
            std::array<epoll_event, 64> events;
            const int count = ::epoll_wait(epoll_, events.data(), events.size(), -1);
            for (int i = 0; i < count; ++i) {
                const int fd = events[static_cast<std::size_t>(i)].data.fd;
                if (fd == wake_) continue;
                if (fd == door_) {
                    connections_.push_back(::accept4(door_, nullptr, nullptr, SOCK_CLOEXEC));
                    watch(connections_.back(), EPOLLIN | EPOLLONESHOT);
                } else {
                    pool_->submit([this, fd] { answer(fd); });
                }
            }
        }
    }

    void answer(int fd) {
        const twill::trace::span shown("answer");
        std::array<char, 4096> buffer;
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got <= 0) return;
        static_cast<void>(::send(fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL));
        epoll_event event{};
        event.events = EPOLLIN | EPOLLONESHOT;
        event.data.fd = fd;
        ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
    }

    void count_all() {
        std::latch done(static_cast<std::ptrdiff_t>(texts_.size()));
        for (const auto& text : texts_)
            pool_->submit([this, &done, &text] {
                if (counting_) {
                    const twill::trace::span shown("count");
                    all_.with_one([&](word_counts& mine) { count_words(text, mine); });
                    counted_ += text.size();
                }
                done.count_down();
            });
        done.wait();
    }

    const std::vector<std::string>& texts_;
    counters all_;
    twill::atomic<bool> stopping_{false};
    twill::atomic<bool> counting_{false};
    twill::atomic<std::size_t> counted_{0};
    twill::time_point began_{};
    int epoll_;
    int wake_;
    int door_;
    twill::endpoint address_;
    std::vector<int> connections_;  // the poller's, and the destructor's after it
    std::unique_ptr<naive_pool> pool_;
    std::thread thread_;
    std::thread counter_;
};

}  // namespace

std::unique_ptr<echo_and_count> with_one_pool(const std::vector<std::string>& texts) {
    return std::make_unique<one_pool_service>(texts);
}

}  // namespace twill_command::demo
