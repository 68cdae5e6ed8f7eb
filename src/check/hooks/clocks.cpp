// Clocks and sleeps, in virtual time.
#include "check/hooks/clocks.hpp"

#include "check/cancellation.hpp"
#include "check/hooks/deadlines.hpp"
#include "check/scheduler.hpp"

#include <sched.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>

namespace twill::inline TWILL_ABI::check {
namespace {

bool never_ready(const thread& /*asking*/) noexcept { return false; }

// A thread that reads a clock again and again waits for it to go on: then it goes faster, and
// others have their turn.
constexpr std::uint32_t reads_before_hurry = 16;
constexpr std::uint64_t a_moment = 1000;  // ns
constexpr std::uint64_t longest_moment = 1'000'000;

bool is_known(clockid_t clock) noexcept {
    timespec ignored{};
    return raw_syscall(SYS_clock_getres, clock, as_word(&ignored)) == 0;
}

int sleep(std::uint64_t deadline, timespec* left, const void* place) noexcept {
    sleep_until(deadline, place);
    if (left != nullptr) *left = {0, 0};
    return 0;
}

}  // namespace

void yield(const void* place) noexcept {
    point({action::yield, object_kind::none, nullptr, place});
}

void sleep_until(std::uint64_t deadline, const void* place) noexcept {
    if (thread* const me = self()) me->clock_reads = 0;
    wait_until({action::sleep, object_kind::none, nullptr, place}, &never_ready,
               {.deadline = deadline});
}

timespec read_clock(clockid_t clock, const void* place) noexcept {
    thread& me = *self();
    if (++me.clock_reads % reads_before_hurry == 0)
        point({action::read_clock, object_kind::none, nullptr, place});
    const std::uint32_t doublings = me.clock_reads / reads_before_hurry;
    const std::uint64_t moment =
        doublings >= 10 ? longest_moment : std::uint64_t{a_moment} << doublings;
    advance_clock(moment < longest_moment ? moment : longest_moment);
    return as_timespec(start_of(clock) + now_ns());
}

}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int sched_yield() noexcept {
    if (!controlled()) return TWILL_REAL(sched_yield)();
    yield(TWILL_CALLER);
    return 0;
}

TWILL_INTERPOSED int nanosleep(const timespec* time, timespec* left) {
    if (!controlled()) return TWILL_REAL(nanosleep)(time, left);
    if (!is_time(*time) || time->tv_sec < 0) {
        errno = EINVAL;
        return -1;
    }
    const cancellation_point here;
    const int result = sleep(now_ns() + as_ns(*time), left, TWILL_CALLER);
    here.leave();
    return result;
}

TWILL_INTERPOSED int clock_nanosleep(clockid_t clock, int flags, const timespec* time,
                                     timespec* left) {
    if (!controlled()) return TWILL_REAL(clock_nanosleep)(clock, flags, time, left);
    if (!is_time(*time) || !is_known(clock)) return EINVAL;
    const cancellation_point here;
    const bool absolute = (flags & TIMER_ABSTIME) != 0;
    const int result = sleep(absolute ? deadline_at(clock, time) : now_ns() + as_ns(*time),
                             absolute ? nullptr : left, TWILL_CALLER);
    here.leave();
    return result;
}

TWILL_INTERPOSED unsigned sleep(unsigned seconds) {
    if (!controlled()) return TWILL_REAL(sleep)(seconds);
    const cancellation_point here;
    sleep_until(now_ns() + std::uint64_t{seconds} * 1'000'000'000, TWILL_CALLER);
    here.leave();
    return 0;
}

TWILL_INTERPOSED int usleep(useconds_t microseconds) {
    if (!controlled()) return TWILL_REAL(usleep)(microseconds);
    const cancellation_point here;
    sleep_until(now_ns() + std::uint64_t{microseconds} * 1000, TWILL_CALLER);
    here.leave();
    return 0;
}

TWILL_INTERPOSED int clock_gettime(clockid_t clock, timespec* into) noexcept {
    if (!controlled()) {
        // Not through the real one: the loader may not be ready for a look-up yet.
        const long error = raw_syscall(SYS_clock_gettime, clock, as_word(into));
        if (error == 0) return 0;
        errno = static_cast<int>(-error);
        return -1;
    }
    if (!is_known(clock)) {
        errno = EINVAL;
        return -1;
    }
    *into = read_clock(clock, TWILL_CALLER);
    return 0;
}

TWILL_INTERPOSED int timespec_get(timespec* into, int base) noexcept {
    if (!controlled()) return TWILL_REAL(timespec_get)(into, base);
    if (base != TIME_UTC) return 0;
    *into = read_clock(CLOCK_REALTIME, TWILL_CALLER);
    return base;
}

TWILL_INTERPOSED int gettimeofday(timeval* into, void* zone) noexcept {
    if (!controlled()) return TWILL_REAL(gettimeofday)(into, zone);
    const timespec now = read_clock(CLOCK_REALTIME, TWILL_CALLER);
    *into = {now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

TWILL_INTERPOSED time_t time(time_t* into) noexcept {
    if (!controlled()) return TWILL_REAL(time)(into);
    const time_t now = read_clock(CLOCK_REALTIME, TWILL_CALLER).tv_sec;
    if (into != nullptr) *into = now;
    return now;
}

TWILL_INTERPOSED std::clock_t clock() noexcept {
    if (!controlled()) return TWILL_REAL(clock)();
    return static_cast<std::clock_t>(as_ns(read_clock(CLOCK_PROCESS_CPUTIME_ID, TWILL_CALLER)) /
                                     1000);
}
