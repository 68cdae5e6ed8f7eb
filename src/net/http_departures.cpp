#include "http_departures.hpp"

#include "io/readiness.hpp"

#include <unistd.h>

namespace twill::inline TWILL_ABI::detail {

http_departures::~http_departures() {
    if (source_.fd < 0) return;
    source_.forget();
    ::close(source_.fd);
}

bool http_departures::open() noexcept {
    if (source_.fd >= 0) return true;
    source_.fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (source_.fd >= 0) opened_.set();
    return source_.fd >= 0;
}

bool http_departures::watch(int fd, void* who, how that) noexcept {
    if (!open()) return false;
    epoll_event event{};
    // Errors and a closed connection are told in any case.
    event.events = EPOLLONESHOT | (that.half ? EPOLLRDHUP : 0U);
    event.data.ptr = who;
    const int what = that.is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    return ::epoll_ctl(source_.fd, what, fd, &event) == 0;
}

// Closing it is not enough: a child of the program between fork and exec has it, too, and as long
// as anybody has it the set would tell of it.
void http_departures::forget(int fd) noexcept {
    static_cast<void>(::epoll_ctl(source_.fd, EPOLL_CTL_DEL, fd, nullptr));
}

task<> http_departures::wait() {
    co_await opened_.wait();
    until_readable ready("wait until a client goes", source_);
    co_await ready;
}

std::span<const epoll_event> http_departures::take() noexcept {
    if (source_.fd < 0) return {};
    const int count = ::epoll_wait(source_.fd, events_.data(), static_cast<int>(events_.size()), 0);
    return std::span(events_).first(count > 0 ? static_cast<std::size_t>(count) : 0);
}

}  // namespace twill::inline TWILL_ABI::detail
