#include "system_call.hpp"
#include "without_sigpipe.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>

namespace twill::inline TWILL_ABI::detail {
namespace {

// `connect` is called once; afterwards the outcome is asked for.
ssize_t connect_or_ask(io_request& what) noexcept {
    const int fd = what.source().fd;
    if (!what.started) {
        const int made = ::connect(fd, static_cast<const sockaddr*>(what.data()),
                                   static_cast<socklen_t>(what.size()));
        if (made == 0 || errno != EINPROGRESS) return made;
        what.started = true;
        errno = EAGAIN;
        return -1;
    }
    pollfd state{fd, POLLOUT, 0};
    if (::poll(&state, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    int why = 0;
    socklen_t size = sizeof why;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0) return -1;
    errno = why;
    return why == 0 ? 0 : -1;
}

// Whatever a call would say, an error too, is something.
ssize_t ask_ready(int fd, short events) noexcept {
    pollfd state{fd, events, 0};
    const int ready = ::poll(&state, 1, 0);
    if (ready == 0) errno = EAGAIN;
    return ready > 0 ? 0 : -1;
}

// One system call for what is left of the request.
ssize_t call(io_request& what) noexcept {
    const int fd = what.source().fd;
    void* const data = static_cast<char*>(what.data()) + what.moved;
    const std::size_t size = what.size() - what.moved;
    switch (what.call()) {
        case io_call::read:
            return ::read(fd, data, size);
        case io_call::write:
            return without_sigpipe([&] { return ::write(fd, data, size); });
        case io_call::receive:
            return ::recv(fd, data, size, what.flags());
        case io_call::send:
            return ::send(fd, data, size, what.flags() | MSG_NOSIGNAL);
        case io_call::accept:
            return ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        case io_call::connect:
            return connect_or_ask(what);
        case io_call::readable:
            return ask_ready(fd, POLLIN);
        case io_call::writable:
            return ask_ready(fd, POLLOUT);
        case io_call::receive_message:
            return ::recvmsg(fd, static_cast<msghdr*>(what.data()), what.flags());
        case io_call::send_message:
            return ::sendmsg(fd, static_cast<const msghdr*>(what.data()),
                             what.flags() | MSG_NOSIGNAL);
    }
    errno = EINVAL;
    return -1;
}

bool moves_bytes(io_call which) noexcept {
    return which == io_call::read || which == io_call::write || which == io_call::receive ||
           which == io_call::send;
}

}  // namespace

outcome attempt(io_request& what) noexcept {
    for (;;) {
        const ssize_t got = call(what);
        if (got < 0) {
            if (errno == EINTR) continue;
            // A local socket whose listener's queue is full says EAGAIN to `connect`: nothing is
            // under way then, and no edge tells when there is room.
            const bool under_way = what.call() != io_call::connect || what.started;
            if ((errno == EAGAIN || errno == EWOULDBLOCK) && under_way) return outcome::would_block;
            what.result = -errno;
            return outcome::done;
        }
        if (!moves_bytes(what.call())) {
            what.result = got;
            return outcome::done;
        }
        const bool is_short = got > 0 && static_cast<std::size_t>(got) < what.size() - what.moved;
        what.moved += static_cast<std::size_t>(got);
        if (what.whole() && got > 0 && what.moved < what.size()) continue;
        what.result = static_cast<ssize_t>(what.moved);
        return is_short && what.call() == io_call::receive ? outcome::done_and_drained
                                                           : outcome::done;
    }
}

}  // namespace twill::inline TWILL_ABI::detail
