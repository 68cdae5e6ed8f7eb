#include "twill/map/output_stream.hpp"

#include <twill/core/error.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace twill_command {
namespace {

// What one write may take and not block when poll() says that writing does not: PIPE_BUF is its
// promise for pipes; files never make wait, as far as poll() is concerned.
std::size_t step_of(int fd) {
    constexpr std::size_t of_files = std::size_t{1} << 20U;
    struct stat about{};
    return ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode) ? of_files : PIPE_BUF;
}

}  // namespace

output_stream::output_stream(int fd, const char* name)
    : fd_(fd), name_(name), step_(step_of(fd)), stop_event_(::eventfd(0, EFD_CLOEXEC)) {
    if (stop_event_ < 0) throw twill::io_error("make", "an event descriptor", errno);
}

output_stream::~output_stream() { ::close(stop_event_); }

std::size_t output_stream::write_step(std::span<const std::byte> from) const {
    for (;;) {
        const ssize_t written = ::write(fd_, from.data(), std::min(from.size(), step_));
        if (written >= 0) return static_cast<std::size_t>(written);
        if (errno == EAGAIN) return 0;
        if (errno != EINTR) throw twill::io_error("write to", name_, errno);
    }
}

std::size_t output_stream::write_at_once(std::span<const std::byte> from) const {
    pollfd state{fd_, POLLOUT, 0};
    return ::poll(&state, 1, 0) == 0 ? 0 : write_step(from);
}

bool output_stream::wait_until_writable(int stop_event) const {
    pollfd states[] = {{fd_, POLLOUT, 0}, {stop_event, POLLIN, 0}};
    while (::poll(states, 2, -1) < 0)
        if (errno != EINTR) throw twill::io_error("wait for", name_, errno);
    return states[1].revents == 0;
}

bool output_stream::write(std::span<const std::byte> from, const std::stop_token& stop) const {
    const std::stop_callback wake(stop,
                                  [this] { static_cast<void>(::eventfd_write(stop_event_, 1)); });
    while (!from.empty()) {
        if (!wait_until_writable(stop_event_)) return false;
        from = from.subspan(write_step(from));
    }
    return true;
}

}  // namespace twill_command
