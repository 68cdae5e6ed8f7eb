// timerfd_settime and timerfd_gettime.
#include "check/timer_descriptors.hpp"

#include "check/descriptors.hpp"
#include "check/hooks/deadlines.hpp"
#include "check/system.hpp"

#include <sys/timerfd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

namespace twill::inline TWILL_ABI::check {
namespace {

itimerspec status_of(int descriptor) noexcept {
    std::uint64_t left = 0, interval = 0;
    if (!timer_status(descriptor, left, interval)) return {};
    return {as_timespec(interval), as_timespec(left)};
}

// Which clock it goes by: only the kernel remembers.
clockid_t clock_of(int descriptor) noexcept {
    char path[64] = "/proc/self/fdinfo/";
    *std::to_chars(path + std::strlen(path), path + sizeof path - 1, descriptor).ptr = '\0';
    const long file = raw_syscall(SYS_openat, -100, as_word(path), 0);
    if (file < 0) return CLOCK_MONOTONIC;
    char text[512];
    const long got = raw_syscall(SYS_read, file, as_word(text), sizeof text);
    raw_syscall(SYS_close, file);
    const std::string_view all(text, got < 0 ? 0 : static_cast<std::size_t>(got));
    constexpr std::string_view mark = "clockid: ";
    const std::size_t at = all.find(mark);
    const bool realtime = at != all.npos && all.substr(at + mark.size()).starts_with("0\n");
    return realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int timerfd_settime(int descriptor, int flags, const itimerspec* wanted,
                                     itimerspec* before) noexcept {
    if (!controlled()) return TWILL_REAL(timerfd_settime)(descriptor, flags, wanted, before);
    // Whatever is wrong with the call, the kernel knows. It is set anew below.
    const itimerspec none{};
    if (wanted == nullptr || !is_time(wanted->it_value) || !is_time(wanted->it_interval) ||
        raw_syscall(SYS_timerfd_settime, descriptor, 0, as_word(&none), 0) != 0)
        return TWILL_REAL(timerfd_settime)(descriptor, flags, wanted, before);
    point({action::write, object_kind::descriptor, descriptor_object(descriptor), TWILL_CALLER});
    if (before != nullptr) *before = status_of(descriptor);
    const std::uint64_t value = as_ns(wanted->it_value);
    std::uint64_t due = now_ns() + value;
    if (value == 0)
        due = never;
    else if ((flags & TFD_TIMER_ABSTIME) != 0)
        due = deadline_at(clock_of(descriptor), &wanted->it_value);
    if (!set_timer(descriptor, due, as_ns(wanted->it_interval)))
        fail(finding_kind::too_large, {}, "more timers than twill check keeps");
    return 0;
}

TWILL_INTERPOSED int timerfd_gettime(int descriptor, itimerspec* into) noexcept {
    if (!controlled()) return TWILL_REAL(timerfd_gettime)(descriptor, into);
    std::uint64_t left = 0, interval = 0;
    if (!timer_status(descriptor, left, interval))
        return TWILL_REAL(timerfd_gettime)(descriptor, into);
    *into = status_of(descriptor);
    return 0;
}
