#include "check/timer_descriptors.hpp"

#include "check/scheduler.hpp"

#include <poll.h>
#include <sys/timerfd.h>

namespace twill::inline TWILL_ABI::check {
namespace {

struct timer {
    int descriptor;
    std::uint64_t due;
    std::uint64_t interval;  // 0: it fires once
    std::uint64_t expirations;
};
constexpr std::size_t most = 64;

struct timers {
    std::size_t count;
    std::uint64_t settings;
    timer all[most];
};
constinit timers the_timers{};

timer* find(int descriptor) noexcept {
    for (std::size_t i = 0; i != the_timers.count; ++i)
        if (the_timers.all[i].descriptor == descriptor) return &the_timers.all[i];
    return nullptr;
}

void set_real_one(int descriptor, long ns) noexcept {
    const itimerspec once{{0, 0}, {0, ns}};
    raw_syscall(SYS_timerfd_settime, descriptor, 0, as_word(&once), 0);
}

void fire(timer& each, std::uint64_t now) noexcept {
    const std::uint64_t times = each.interval == 0 ? 1 : 1 + (now - each.due) / each.interval;
    each.expirations += times;
    each.due = each.interval == 0 ? never : each.due + times * each.interval;
    // Readable or not: who waits for edges sees another.
    set_real_one(each.descriptor, 1);
    pollfd one{each.descriptor, POLLIN, 0};
    timespec patience{1, 0};
    raw_syscall(SYS_ppoll, as_word(&one), 1, as_word(&patience), 0, 0);
}

}  // namespace

bool set_timer(int descriptor, std::uint64_t due, std::uint64_t interval) noexcept {
    timer* at = find(descriptor);
    if (at == nullptr) {
        if (the_timers.count == most) return false;
        at = &the_timers.all[the_timers.count++];
    }
    set_real_one(descriptor, 0);
    *at = {descriptor, due, interval, 0};
    ++the_timers.settings;
    changed();
    return true;
}

void forget_timer(int descriptor) noexcept {
    if (timer* const at = find(descriptor)) *at = the_timers.all[--the_timers.count];
}

bool timer_status(int descriptor, std::uint64_t& left, std::uint64_t& interval) noexcept {
    const timer* const at = find(descriptor);
    if (at == nullptr) return false;
    const std::uint64_t now = now_ns();
    left = at->due == never ? 0 : at->due > now ? at->due - now : 1;
    interval = at->interval;
    return true;
}

std::uint64_t take_expirations(int descriptor) noexcept {
    timer* const at = find(descriptor);
    if (at == nullptr) return 0;
    const std::uint64_t taken = at->expirations;
    at->expirations = 0;
    return taken;
}

void fire_timers() noexcept {
    const std::uint64_t now = now_ns();
    for (std::size_t i = 0; i != the_timers.count; ++i)
        if (the_timers.all[i].due <= now) fire(the_timers.all[i], now);
}

std::uint64_t next_timer() noexcept {
    std::uint64_t first = never;
    for (std::size_t i = 0; i != the_timers.count; ++i)
        if (the_timers.all[i].due < first) first = the_timers.all[i].due;
    return first;
}

std::uint64_t timer_settings() noexcept { return the_timers.settings; }

}  // namespace twill::inline TWILL_ABI::check
