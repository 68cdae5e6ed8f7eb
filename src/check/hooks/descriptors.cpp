// Operations on single descriptors.
#include "check/descriptors.hpp"
#include "check/cancellation.hpp"
#include "check/memory_mode.hpp"
#include "check/system.hpp"
#include "check/timer_descriptors.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace twill::inline TWILL_ABI::check {
namespace {

step of(action kind, int descriptor, const void* place) noexcept {
    return {kind, object_kind::descriptor, descriptor_object(descriptor), place};
}

// The virtual time at which an operation gives up by the socket's own limit.
std::uint64_t deadline_of(int descriptor, action kind) noexcept {
    timeval limit{};
    socklen_t size = sizeof limit;
    if (raw_syscall(SYS_getsockopt, descriptor, SOL_SOCKET,
                    kind == action::read ? SO_RCVTIMEO : SO_SNDTIMEO, as_word(&limit),
                    as_word(&size)) != 0)
        return never;
    const std::uint64_t ns = static_cast<std::uint64_t>(limit.tv_sec) * 1'000'000'000 +
                             static_cast<std::uint64_t>(limit.tv_usec) * 1000;
    return ns == 0 ? never : now_ns() + ns;
}

// `attempt` does it once, and gives what the kernel says: -errno.
template <class Attempt>
long once(action kind, int descriptor, Attempt attempt) noexcept {
    fire_timers();
    if (kind == action::write) descriptor_released(descriptor);
    const long result = attempt();
    if (result == -EAGAIN) {
        changed_nothing();
        return result;
    }
    if (kind == action::read && result >= 0) descriptor_acquired(descriptor);
    changed();
    return result;
}

// Does it when it is this thread's turn, and does not have to wait any more. `waits`: not if it was
// told otherwise.
template <class Attempt>
long perform(action kind, int descriptor, bool waits, const void* place, Attempt attempt) noexcept {
    const auto what = kind_of_descriptor(descriptor);
    if (what != descriptor_kind::waits) {
        // The program's report of what it does is not what it is about.
        if (what == descriptor_kind::file && descriptor > STDERR_FILENO)
            point(of(kind, descriptor, place));
        return attempt();
    }
    const long flags = raw_syscall(SYS_fcntl, descriptor, F_GETFL);
    if (!waits || (flags & O_NONBLOCK) != 0) {
        point(of(kind, descriptor, place));
        return once(kind, descriptor, attempt);
    }
    const std::uint64_t deadline = deadline_of(descriptor, kind);
    const auto events = static_cast<short>(kind == action::read ? POLLIN : POLLOUT);
    for (;;) {
        pollfd one{descriptor, events, 0};
        if (wait_for_descriptors(of(kind, descriptor, place), &one, 1, deadline) ==
            wait_end::timed_out)
            return was_interrupted() ? -EINTR : -EAGAIN;
        // Its number may belong to another one than before, which does not wait.
        const long now = raw_syscall(SYS_fcntl, descriptor, F_GETFL);
        if (now < 0 || (now & O_NONBLOCK) != 0) return once(kind, descriptor, attempt);
        // Nobody else runs meanwhile, so nobody sees that it does not wait.
        raw_syscall(SYS_fcntl, descriptor, F_SETFL, now | O_NONBLOCK);
        const long result = once(kind, descriptor, attempt);
        raw_syscall(SYS_fcntl, descriptor, F_SETFL, now);
        if (result != -EAGAIN) return result;
    }
}

// Writes all of it, however often it has to wait, as a descriptor that waits does.
template <class Attempt>
long perform_all(int descriptor, std::size_t size, bool waits, const void* place,
                 Attempt attempt) noexcept {
    std::size_t done = 0;
    for (;;) {
        const long result = perform(action::write, descriptor, waits, place,
                                    [&] { return attempt(done, size - done); });
        if (result < 0) return done != 0 ? static_cast<long>(done) : result;
        done += static_cast<std::size_t>(result);
        if (done >= size || result == 0 || !waits ||
            kind_of_descriptor(descriptor) != descriptor_kind::waits ||
            (raw_syscall(SYS_fcntl, descriptor, F_GETFL) & O_NONBLOCK) != 0)
            return static_cast<long>(done);
    }
}

// What is left of a list of parts when the first `done` bytes are gone: as many as there is room
// for.
struct parts_left {
    static constexpr int most = 16;
    iovec all[most];
    int count = 0;

    parts_left(const iovec* parts, std::size_t given, std::size_t done) noexcept {
        for (std::size_t i = 0; i != given && count != most; ++i) {
            const std::size_t gone = done < parts[i].iov_len ? done : parts[i].iov_len;
            done -= gone;
            if (gone != parts[i].iov_len)
                all[count++] = {static_cast<char*>(parts[i].iov_base) + gone,
                                parts[i].iov_len - gone};
        }
    }
};

std::size_t size_of(const iovec* parts, std::size_t count) noexcept {
    std::size_t sum = 0;
    for (std::size_t i = 0; i != count; ++i) sum += parts[i].iov_len;
    return sum;
}

long write_parts(int descriptor, const iovec* parts, int count, const void* place) noexcept {
    const std::size_t given = count < 0 ? 0 : static_cast<std::size_t>(count);
    return perform_all(descriptor, size_of(parts, given), true, place,
                       [&](std::size_t done, std::size_t /*left*/) {
                           if (done == 0)
                               return raw_syscall(SYS_writev, descriptor, as_word(parts), count);
                           const parts_left rest(parts, given, done);
                           return raw_syscall(SYS_writev, descriptor, as_word(rest.all),
                                              rest.count);
                       });
}

long send_message(int descriptor, const msghdr* message, int flags, const void* place) noexcept {
    return perform_all(descriptor, size_of(message->msg_iov, message->msg_iovlen),
                       (flags & MSG_DONTWAIT) == 0, place,
                       [&](std::size_t done, std::size_t /*left*/) {
                           if (done == 0)
                               return raw_syscall(SYS_sendmsg, descriptor, as_word(message), flags);
                           // What goes along with it has gone.
                           parts_left rest(message->msg_iov, message->msg_iovlen, done);
                           msghdr later{};
                           later.msg_iov = rest.all;
                           later.msg_iovlen = static_cast<std::size_t>(rest.count);
                           return raw_syscall(SYS_sendmsg, descriptor, as_word(&later), flags);
                       });
}

// Whether MSG_WAITALL is for it: each message of another kind is one piece.
bool is_stream(int descriptor) noexcept {
    int type = 0;
    socklen_t size = sizeof type;
    return raw_syscall(SYS_getsockopt, descriptor, SOL_SOCKET, SO_TYPE, as_word(&type),
                       as_word(&size)) == 0 &&
           type == SOCK_STREAM;
}

long receive(int descriptor, void* to, std::size_t size, int flags, sockaddr* from, socklen_t* room,
             const void* place) noexcept {
    const bool waits = (flags & MSG_DONTWAIT) == 0;
    std::size_t done = 0;
    for (;;) {
        const long got = perform(action::read, descriptor, waits, place, [&] {
            return raw_syscall(SYS_recvfrom, descriptor, as_word(static_cast<char*>(to) + done),
                               static_cast<long>(size - done), flags, as_word(from), as_word(room));
        });
        if (got < 0) return done != 0 ? static_cast<long>(done) : got;
        write_range(static_cast<char*>(to) + done,
                    static_cast<std::size_t>(got) < size - done ? static_cast<std::size_t>(got)
                                                                : size - done,
                    place);
        done += static_cast<std::size_t>(got);
        // What it only looks at is there again the next time, so it is told of that much.
        if (got == 0 || done >= size || (flags & MSG_WAITALL) == 0 || (flags & MSG_PEEK) != 0 ||
            !waits || !is_stream(descriptor))
            return static_cast<long>(done);
    }
}

long send_to(int descriptor, const void* from, std::size_t size, int flags, const sockaddr* to,
             socklen_t room, const void* place) noexcept {
    read_range(from, size, place);
    return perform_all(descriptor, size, (flags & MSG_DONTWAIT) == 0, place,
                       [&](std::size_t done, std::size_t left) {
                           return raw_syscall(SYS_sendto, descriptor,
                                              as_word(static_cast<const char*>(from) + done),
                                              static_cast<long>(left), flags, as_word(to), room);
                       });
}

long read_into(int descriptor, void* to, std::size_t size, const void* place) noexcept {
    const long got = perform(action::read, descriptor, true, place, [&] {
        return raw_syscall(SYS_read, descriptor, as_word(to), static_cast<long>(size));
    });
    if (got == sizeof(std::uint64_t))
        // The kernel's timer has fired once.
        if (const std::uint64_t expirations = take_expirations(descriptor); expirations != 0)
            std::memcpy(to, &expirations, sizeof expirations);
    if (got > 0) write_range(to, static_cast<std::size_t>(got), place);
    return got;
}

long read_parts(int descriptor, const iovec* parts, int count, const void* place) noexcept {
    const long got = perform(action::read, descriptor, true, place, [&] {
        return raw_syscall(SYS_readv, descriptor, as_word(parts), count);
    });
    if (got != sizeof(std::uint64_t)) return got;
    const std::uint64_t expirations = take_expirations(descriptor);
    std::size_t done = expirations == 0 ? sizeof expirations : 0;
    for (int i = 0; i != count && done != sizeof expirations; ++i) {
        const std::size_t left = sizeof expirations - done;
        const std::size_t here = parts[i].iov_len < left ? parts[i].iov_len : left;
        std::memcpy(parts[i].iov_base, reinterpret_cast<const char*>(&expirations) + done, here);
        done += here;
    }
    return got;
}

long write_from(int descriptor, const void* from, std::size_t size, const void* place) noexcept {
    read_range(from, size, place);
    return perform_all(descriptor, size, true, place, [&](std::size_t done, std::size_t left) {
        return raw_syscall(SYS_write, descriptor, as_word(static_cast<const char*>(from) + done),
                           static_cast<long>(left));
    });
}

long connect_to(int descriptor, const sockaddr* to, socklen_t size, const void* place) noexcept {
    const long flags = raw_syscall(SYS_fcntl, descriptor, F_GETFL);
    const auto attempt = [&] { return raw_syscall(SYS_connect, descriptor, as_word(to), size); };
    point(of(action::write, descriptor, place));
    if (flags < 0 || (flags & O_NONBLOCK) != 0) return once(action::write, descriptor, attempt);
    raw_syscall(SYS_fcntl, descriptor, F_SETFL, flags | O_NONBLOCK);
    long result = once(action::write, descriptor, attempt);
    raw_syscall(SYS_fcntl, descriptor, F_SETFL, flags);
    while (result == -EAGAIN) {
        // A local socket whose listener has a full queue: it is not told when that has room.
        point({action::yield, object_kind::none, nullptr, place});
        raw_syscall(SYS_fcntl, descriptor, F_SETFL, flags | O_NONBLOCK);
        result = attempt();
        raw_syscall(SYS_fcntl, descriptor, F_SETFL, flags);
    }
    if (result != -EINPROGRESS) return result;
    pollfd one{descriptor, POLLOUT, 0};
    wait_for_descriptors(of(action::write, descriptor, place), &one, 1, never);
    int error = 0;
    socklen_t room = sizeof error;
    raw_syscall(SYS_getsockopt, descriptor, SOL_SOCKET, SO_ERROR, as_word(&error), as_word(&room));
    changed();
    return -error;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED ssize_t read(int descriptor, void* to, std::size_t size) {
    if (!controlled())
        return with_errno(raw_syscall(SYS_read, descriptor, as_word(to), static_cast<long>(size)));
    const cancellation_point here;
    const auto result = with_errno(read_into(descriptor, to, size, TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED ssize_t __read_chk(int descriptor, void* to, std::size_t size, std::size_t room) {
    if (size > room) ::abort();
    if (!controlled())
        return with_errno(raw_syscall(SYS_read, descriptor, as_word(to), static_cast<long>(size)));
    const cancellation_point here;
    const auto result = with_errno(read_into(descriptor, to, size, TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED ssize_t write(int descriptor, const void* from, std::size_t size) {
    if (!controlled())
        return with_errno(
            raw_syscall(SYS_write, descriptor, as_word(from), static_cast<long>(size)));
    const cancellation_point here;
    const auto result = with_errno(write_from(descriptor, from, size, TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED ssize_t readv(int descriptor, const iovec* parts, int count) {
    if (!controlled()) return with_errno(raw_syscall(SYS_readv, descriptor, as_word(parts), count));
    const cancellation_point here;
    const auto result = with_errno(read_parts(descriptor, parts, count, TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED ssize_t writev(int descriptor, const iovec* parts, int count) {
    if (!controlled())
        return with_errno(raw_syscall(SYS_writev, descriptor, as_word(parts), count));
    const cancellation_point here;
    const auto result = with_errno(write_parts(descriptor, parts, count, TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED ssize_t recv(int descriptor, void* to, std::size_t size, int flags) {
    if (!controlled())
        return with_errno(raw_syscall(SYS_recvfrom, descriptor, as_word(to),
                                      static_cast<long>(size), flags, 0, 0));
    const cancellation_point here;
    const auto result =
        with_errno(receive(descriptor, to, size, flags, nullptr, nullptr, TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED ssize_t __recv_chk(int descriptor, void* to, std::size_t size, std::size_t bound,
                                    int flags) {
    if (size > bound) ::abort();
    if (!controlled())
        return with_errno(raw_syscall(SYS_recvfrom, descriptor, as_word(to),
                                      static_cast<long>(size), flags, 0, 0));
    const cancellation_point here;
    const auto result =
        with_errno(receive(descriptor, to, size, flags, nullptr, nullptr, TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED ssize_t recvfrom(int descriptor, void* to, std::size_t size, int flags,
                                  sockaddr* from, socklen_t* room) {
    if (!controlled())
        return with_errno(raw_syscall(SYS_recvfrom, descriptor, as_word(to),
                                      static_cast<long>(size), flags, as_word(from),
                                      as_word(room)));
    const cancellation_point here;
    const auto result = with_errno(receive(descriptor, to, size, flags, from, room, TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED ssize_t __recvfrom_chk(int descriptor, void* to, std::size_t size,
                                        std::size_t bound, int flags, sockaddr* from,
                                        socklen_t* room) {
    if (size > bound) ::abort();
    if (!controlled())
        return with_errno(raw_syscall(SYS_recvfrom, descriptor, as_word(to),
                                      static_cast<long>(size), flags, as_word(from),
                                      as_word(room)));
    const cancellation_point here;
    const auto result = with_errno(receive(descriptor, to, size, flags, from, room, TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED ssize_t recvmsg(int descriptor, msghdr* message, int flags) {
    const auto attempt = [&] {
        return raw_syscall(SYS_recvmsg, descriptor, as_word(message), flags);
    };
    if (!controlled()) return with_errno(attempt());
    const cancellation_point here;
    const auto result = with_errno(
        perform(action::read, descriptor, (flags & MSG_DONTWAIT) == 0, TWILL_CALLER, attempt));
    here.leave();
    return result;
}

TWILL_INTERPOSED ssize_t send(int descriptor, const void* from, std::size_t size, int flags) {
    if (!controlled())
        return with_errno(raw_syscall(SYS_sendto, descriptor, as_word(from),
                                      static_cast<long>(size), flags, 0, 0));
    const cancellation_point here;
    const auto result =
        with_errno(send_to(descriptor, from, size, flags, nullptr, 0, TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED ssize_t sendto(int descriptor, const void* from, std::size_t size, int flags,
                                const sockaddr* to, socklen_t room) {
    if (!controlled())
        return with_errno(raw_syscall(SYS_sendto, descriptor, as_word(from),
                                      static_cast<long>(size), flags, as_word(to), room));
    const cancellation_point here;
    const auto result = with_errno(send_to(descriptor, from, size, flags, to, room, TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED ssize_t sendmsg(int descriptor, const msghdr* message, int flags) {
    if (!controlled())
        return with_errno(raw_syscall(SYS_sendmsg, descriptor, as_word(message), flags));
    const cancellation_point here;
    const auto result = with_errno(send_message(descriptor, message, flags, TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED int accept4(int descriptor, sockaddr* from, socklen_t* room, int flags) {
    const auto attempt = [&] {
        return raw_syscall(SYS_accept4, descriptor, as_word(from), as_word(room), flags);
    };
    if (!controlled()) return static_cast<int>(with_errno(attempt()));
    const cancellation_point here;
    const auto result = static_cast<int>(
        with_errno(perform(action::read, descriptor, true, TWILL_CALLER, attempt)));
    here.leave();
    return result;
}

TWILL_INTERPOSED int accept(int descriptor, sockaddr* from, socklen_t* room) {
    const auto attempt = [&] {
        return raw_syscall(SYS_accept4, descriptor, as_word(from), as_word(room), 0);
    };
    if (!controlled()) return static_cast<int>(with_errno(attempt()));
    const cancellation_point here;
    const auto result = static_cast<int>(
        with_errno(perform(action::read, descriptor, true, TWILL_CALLER, attempt)));
    here.leave();
    return result;
}

TWILL_INTERPOSED int connect(int descriptor, const sockaddr* to, socklen_t size) {
    if (!controlled())
        return static_cast<int>(
            with_errno(raw_syscall(SYS_connect, descriptor, as_word(to), size)));
    const cancellation_point here;
    const auto result =
        static_cast<int>(with_errno(connect_to(descriptor, to, size, TWILL_CALLER)));
    here.leave();
    return result;
}

TWILL_INTERPOSED int shutdown(int descriptor, int how) noexcept {
    if (!controlled())
        return static_cast<int>(with_errno(raw_syscall(SYS_shutdown, descriptor, how)));
    point(of(action::write, descriptor, TWILL_CALLER));
    descriptor_released(descriptor);
    const long result = raw_syscall(SYS_shutdown, descriptor, how);
    changed();
    return static_cast<int>(with_errno(result));
}

TWILL_INTERPOSED int close(int descriptor) {
    if (!controlled()) return static_cast<int>(with_errno(raw_syscall(SYS_close, descriptor)));
    point(of(action::open, descriptor, TWILL_CALLER));
    descriptor_released(descriptor);
    forget_timer(descriptor);
    const long result = raw_syscall(SYS_close, descriptor);
    changed();
    point_behind(TWILL_CALLER);
    return static_cast<int>(with_errno(result));
}

TWILL_INTERPOSED int eventfd_read(int descriptor, eventfd_t* value) {
    if (!controlled())
        return raw_syscall(SYS_read, descriptor, as_word(value), sizeof *value) == sizeof *value
                   ? 0
                   : -1;
    const cancellation_point here;
    const auto got = with_errno(read_into(descriptor, value, sizeof *value, TWILL_CALLER));
    here.leave();
    return got == sizeof *value ? 0 : -1;
}

TWILL_INTERPOSED int eventfd_write(int descriptor, eventfd_t value) {
    if (!controlled())
        return raw_syscall(SYS_write, descriptor, as_word(&value), sizeof value) == sizeof value
                   ? 0
                   : -1;
    const cancellation_point here;
    const auto written = with_errno(write_from(descriptor, &value, sizeof value, TWILL_CALLER));
    here.leave();
    return written == sizeof value ? 0 : -1;
}
