// `syscall`: what the program asks the kernel for without a function of libc's that stands for it.
// What waits, shows the time or draws random numbers goes the way of that function; all else goes
// to the kernel.
#include "check/hooks/clocks.hpp"
#include "check/hooks/futexes.hpp"
#include "check/scheduler.hpp"
#include "check/system.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include <csignal>
#include <cstdarg>
#include <ctime>

extern "C" int epoll_pwait2(int, epoll_event*, int, const timespec*, const sigset_t*);

namespace twill::inline TWILL_ABI::check {
namespace {

// By this way none of them ends its thread.
class uncancelled {
public:
    uncancelled() noexcept : me_(self()), before_(me_->cancel_disabled) {
        me_->cancel_disabled = true;
    }
    ~uncancelled() { me_->cancel_disabled = before_; }
    uncancelled(const uncancelled&) = delete;
    uncancelled& operator=(const uncancelled&) = delete;

private:
    thread* me_;
    bool before_;
};

struct arguments {
    long all[6];

    template <class T>
    [[nodiscard]] T* pointer(int which) const noexcept {
        return reinterpret_cast<T*>(all[which]);
    }
    [[nodiscard]] int number(int which) const noexcept { return static_cast<int>(all[which]); }
    [[nodiscard]] std::size_t size(int which) const noexcept {
        return static_cast<std::size_t>(all[which]);
    }
};

// As `syscall` gives it: -1 and errno. `known` false: it is none of those.
long call(long number, const arguments& of, const void* place, bool& known) noexcept {
    known = true;
    switch (number) {
        case SYS_futex:
            return with_errno(futex(of.all, place));
        case SYS_sched_yield:
            yield(place);
            return 0;
        case SYS_clock_gettime:
            *of.pointer<timespec>(1) = read_clock(static_cast<clockid_t>(of.all[0]), place);
            return 0;
        case SYS_nanosleep:
            return ::nanosleep(of.pointer<const timespec>(0), of.pointer<timespec>(1));
        case SYS_clock_nanosleep:
            return with_errno(-::clock_nanosleep(static_cast<clockid_t>(of.all[0]), of.number(1),
                                                 of.pointer<const timespec>(2),
                                                 of.pointer<timespec>(3)));
        case SYS_getrandom:
            return ::getrandom(of.pointer<void>(0), of.size(1),
                               static_cast<unsigned>(of.number(2)));
        case SYS_read:
            return ::read(of.number(0), of.pointer<void>(1), of.size(2));
        case SYS_write:
            return ::write(of.number(0), of.pointer<const void>(1), of.size(2));
        case SYS_close:
            return ::close(of.number(0));
        case SYS_ppoll:
            return ::ppoll(of.pointer<pollfd>(0), of.size(1), of.pointer<const timespec>(2),
                           of.pointer<const sigset_t>(3));
        case SYS_epoll_pwait:
            return ::epoll_pwait(of.number(0), of.pointer<epoll_event>(1), of.number(2),
                                 of.number(3), of.pointer<const sigset_t>(4));
        case SYS_epoll_pwait2:
            return ::epoll_pwait2(of.number(0), of.pointer<epoll_event>(1), of.number(2),
                                  of.pointer<const timespec>(3), of.pointer<const sigset_t>(4));
#ifdef SYS_poll
        case SYS_poll:
            return ::poll(of.pointer<pollfd>(0), of.size(1), of.number(2));
#endif
#ifdef SYS_epoll_wait
        case SYS_epoll_wait:
            return ::epoll_wait(of.number(0), of.pointer<epoll_event>(1), of.number(2),
                                of.number(3));
#endif
        case SYS_tgkill:
            return ::tgkill(of.number(0), of.number(1), of.number(2));
        default:
            known = false;
            return 0;
    }
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED long syscall(long number, ...) noexcept {
    arguments given{};
    std::va_list list;
    va_start(list, number);
    for (long& each : given.all) each = va_arg(list, long);
    va_end(list);
    if (controlled()) {
        const uncancelled here;
        bool known = false;
        const long result = call(number, given, TWILL_CALLER, known);
        if (known) return result;
    }
    return with_errno(raw_syscall(number, given.all[0], given.all[1], given.all[2], given.all[3],
                                  given.all[4], given.all[5]));
}
