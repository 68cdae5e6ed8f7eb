// Waiting for several descriptors: poll, select, epoll.
#include "check/cancellation.hpp"
#include "check/descriptors.hpp"
#include "check/hooks/deadlines.hpp"
#include "check/signals.hpp"
#include "check/system.hpp"
#include "check/timer_descriptors.hpp"

#include <sys/epoll.h>
#include <sys/select.h>

#include <cerrno>
#include <cstdlib>

namespace twill::inline TWILL_ABI::check {
namespace {

std::uint64_t in_ms(int timeout) noexcept {
    return timeout < 0 ? never : now_ns() + static_cast<std::uint64_t>(timeout) * 1'000'000;
}

std::uint64_t in_time(const timespec* timeout) noexcept {
    return timeout == nullptr ? never : now_ns() + as_ns(*timeout);
}

// Waits for `all`, and then does `attempt`, which looks without waiting and gives how many are
// ready: again and again, since another thread may be faster.
template <class Attempt>
long wait_and_look(pollfd* all, std::size_t count, std::uint64_t deadline, const void* place,
                   Attempt attempt) noexcept {
    const step at{action::poll, object_kind::descriptor,
                  count == 0 ? nullptr : descriptor_object(all[0].fd), place};
    bool in_time = true;
    if (deadline <= now_ns()) {
        point(at);
        fire_timers();
        in_time = false;
    }
    for (;;) {
        if (in_time)
            in_time = wait_for_descriptors(at, all, count, deadline) != wait_end::timed_out;
        const long ready = attempt();
        if (ready == 0 && was_interrupted()) return -EINTR;
        if (ready != 0 || !in_time) {
            if (ready > 0) descriptor_acquired(-1);
            return ready;
        }
    }
}

long poll_them(pollfd* all, nfds_t count, std::uint64_t deadline, const void* place) noexcept {
    return wait_and_look(all, count, deadline, place, [&] {
        timespec none{};
        return raw_syscall(SYS_ppoll, as_word(all), static_cast<long>(count), as_word(&none), 0, 0);
    });
}

long poll_set(int set, epoll_event* events, int most, std::uint64_t deadline,
              const void* place) noexcept {
    pollfd one{set, POLLIN, 0};
    return wait_and_look(&one, 1, deadline, place, [&] {
        return raw_syscall(SYS_epoll_pwait, set, as_word(events), most, 0, 0, 8);
    });
}

// What select is asked for.
struct sets {
    fd_set* all[3];  // to read, to write, exceptional

    [[nodiscard]] short events_of(int descriptor) const noexcept {
        constexpr short events[] = {POLLIN, POLLOUT, POLLPRI};
        int wanted = 0;
        for (int i = 0; i != 3; ++i)
            if (all[i] != nullptr && FD_ISSET(descriptor, all[i])) wanted |= events[i];
        return static_cast<short>(wanted);
    }
};

long select_them(int count, const sets& asked, std::uint64_t deadline, const void* place) noexcept {
    if (count < 0 || count > FD_SETSIZE) return -EINVAL;
    pollfd all[FD_SETSIZE];
    std::size_t wanted = 0;
    for (int i = 0; i != count; ++i)
        if (const short events = asked.events_of(i); events != 0) all[wanted++] = {i, events, 0};
    fd_set before[3];
    for (int i = 0; i != 3; ++i)
        if (asked.all[i] != nullptr) before[i] = *asked.all[i];
    return wait_and_look(all, wanted, deadline, place, [&] {
        for (int i = 0; i != 3; ++i)
            if (asked.all[i] != nullptr) *asked.all[i] = before[i];
        timespec none{};
        return raw_syscall(SYS_pselect6, count, as_word(asked.all[0]), as_word(asked.all[1]),
                           as_word(asked.all[2]), as_word(&none), 0);
    });
}

int as_int(long result) noexcept { return static_cast<int>(with_errno(result)); }

}  // namespace
}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int poll(pollfd* all, nfds_t count, int timeout) {
    if (!controlled()) return TWILL_REAL(poll)(all, count, timeout);
    const cancellation_point here;
    const auto result = as_int(poll_them(all, count, in_ms(timeout), TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED int __poll_chk(pollfd* all, nfds_t count, int timeout, std::size_t room) {
    if (room / sizeof *all < count) ::abort();
    if (!controlled()) return TWILL_REAL(poll)(all, count, timeout);
    const cancellation_point here;
    const auto result = as_int(poll_them(all, count, in_ms(timeout), TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED int ppoll(pollfd* all, nfds_t count, const timespec* timeout,
                           const sigset_t* mask) {
    if (!controlled()) return TWILL_REAL(ppoll)(all, count, timeout, mask);
    const cancellation_point here;
    const with_mask instead(mask);
    const auto result = as_int(poll_them(all, count, in_time(timeout), TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED int __ppoll_chk(pollfd* all, nfds_t count, const timespec* timeout,
                                 const sigset_t* mask, std::size_t room) {
    if (room / sizeof *all < count) ::abort();
    if (!controlled()) return TWILL_REAL(ppoll)(all, count, timeout, mask);
    const cancellation_point here;
    const with_mask instead(mask);
    const auto result = as_int(poll_them(all, count, in_time(timeout), TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED int select(int count, fd_set* to_read, fd_set* to_write, fd_set* exceptional,
                            timeval* timeout) {
    if (!controlled()) return TWILL_REAL(select)(count, to_read, to_write, exceptional, timeout);
    timespec time{};
    if (timeout != nullptr) time = {timeout->tv_sec, timeout->tv_usec * 1000};
    const cancellation_point here;
    const auto result =
        as_int(select_them(count, {{to_read, to_write, exceptional}},
                           in_time(timeout == nullptr ? nullptr : &time), TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED int pselect(int count, fd_set* to_read, fd_set* to_write, fd_set* exceptional,
                             const timespec* timeout, const sigset_t* mask) {
    if (!controlled())
        return TWILL_REAL(pselect)(count, to_read, to_write, exceptional, timeout, mask);
    const cancellation_point here;
    const with_mask instead(mask);
    const auto result = as_int(
        select_them(count, {{to_read, to_write, exceptional}}, in_time(timeout), TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED int epoll_wait(int set, epoll_event* events, int most, int timeout) {
    if (!controlled()) return TWILL_REAL(epoll_wait)(set, events, most, timeout);
    const cancellation_point here;
    const auto result = as_int(poll_set(set, events, most, in_ms(timeout), TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED int epoll_pwait(int set, epoll_event* events, int most, int timeout,
                                 const sigset_t* mask) {
    if (!controlled()) return TWILL_REAL(epoll_pwait)(set, events, most, timeout, mask);
    const cancellation_point here;
    const with_mask instead(mask);
    const auto result = as_int(poll_set(set, events, most, in_ms(timeout), TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED int epoll_pwait2(int set, epoll_event* events, int most, const timespec* timeout,
                                  const sigset_t* mask) {
    if (!controlled())
        return as_int(raw_syscall(SYS_epoll_pwait2, set, as_word(events), most, as_word(timeout),
                                  as_word(mask), sizeof(std::uint64_t)));
    const cancellation_point here;
    const with_mask instead(mask);
    const auto result = as_int(poll_set(set, events, most, in_time(timeout), TWILL_CALLER));
    here.leave();
    return result;
}

TWILL_INTERPOSED int epoll_ctl(int set, int operation, int descriptor,
                               epoll_event* event) noexcept {
    if (!controlled()) return TWILL_REAL(epoll_ctl)(set, operation, descriptor, event);
    point({action::write, object_kind::descriptor, descriptor_object(set), TWILL_CALLER});
    descriptor_released(-1);
    const long result = raw_syscall(SYS_epoll_ctl, set, operation, descriptor, as_word(event));
    changed();
    return as_int(result);
}
