#include <twill/async/detail/call_watch.hpp>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {
namespace {

// Not from schedstat, which knows it as of the last tick only.
duration run_by_this_thread() noexcept {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// "run queued slices", in nanoseconds. Zero where the kernel does not tell.
duration queued_by_this_thread() noexcept {
    const int file = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    std::array<char, 80> text{};
    const ssize_t length = ::read(file, text.data(), text.size());
    ::close(file);
    std::string_view rest(text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    const auto blank = rest.find(' ');
    if (blank == std::string_view::npos) return {};
    rest.remove_prefix(blank + 1);
    std::int64_t queued = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), queued);
    return duration(queued);
}

}  // namespace

call_watch::call_watch(call_sample& into) noexcept
    : into_(&into), began_(now()), run_(run_by_this_thread()), queued_(queued_by_this_thread()) {}

call_watch::~call_watch() {
    const duration wall = now() - began_;
    into_->run = run_by_this_thread() - run_;
    into_->queued = queued_by_this_thread() - queued_;
    into_->blocked = std::max(wall - into_->run - into_->queued, duration::zero());
}

}  // namespace twill::inline TWILL_ABI::detail
