// The futex, by way of `syscall`: std::atomic::wait, guards of local statics, and whoever makes
// locks of his own.
#include "check/hooks/futexes.hpp"

#include "check/hooks/deadlines.hpp"
#include "check/scheduler.hpp"
#include "check/waiters.hpp"

#include <linux/futex.h>

#include <cerrno>

namespace twill::inline TWILL_ABI::check {
namespace {

std::uint32_t value_at(const void* word) noexcept {
    return *static_cast<const volatile std::uint32_t*>(word);
}

step of(action kind, const void* word, const void* place) noexcept {
    return {kind, object_kind::futex, word, place};
}

// 0, or an error number.
int wait(const void* word, std::uint32_t expected, std::uint64_t bits, std::uint64_t deadline,
         const void* place) noexcept {
    point(of(action::wait, word, place));
    if (value_at(word) != expected) {
        changed_nothing();
        return EAGAIN;
    }
    thread& me = *self();
    join_waiters(me);
    me.extra = bits;
    if (choose_rarely()) me.notified = true;  // the kernel may, too
    const auto end =
        wait_until(of(action::wait, word, place), &was_notified, {.deadline = deadline});
    leave_waiters(me);
    return end == wait_end::timed_out ? ETIMEDOUT : 0;
}

long wake(const void* word, std::size_t most, std::uint64_t bits, const void* place) noexcept {
    point(of(most == 1 ? action::notify_one : action::notify_all, word, place));
    const std::size_t woken = notify(object_kind::futex, word, most, bits);
    if (woken == 0) notified_nobody(of(action::notify_one, word, place));
    point_behind(place);
    return static_cast<long>(woken);
}

std::size_t as_count(long value) noexcept {
    return value < 0 ? 0 : static_cast<std::size_t>(value);
}

const timespec* time_of(const long (&given)[6]) noexcept {
    return reinterpret_cast<const timespec*>(given[3]);
}

}  // namespace

long futex(const long (&given)[6], const void* place) noexcept {
    const auto* const word = reinterpret_cast<const void*>(given[0]);
    const auto operation = static_cast<unsigned>(given[1]);
    const auto value = static_cast<std::uint32_t>(given[2]);
    const auto* const second = reinterpret_cast<const void*>(given[4]);
    const auto bits = static_cast<std::uint32_t>(given[5]);
    switch (operation & static_cast<unsigned>(FUTEX_CMD_MASK)) {
        case FUTEX_WAIT: {
            const timespec* const time = time_of(given);
            return -wait(word, value, FUTEX_BITSET_MATCH_ANY,
                         time == nullptr ? never : now_ns() + as_ns(*time), place);
        }
        case FUTEX_WAIT_BITSET: {
            const clockid_t clock =
                (operation & FUTEX_CLOCK_REALTIME) != 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
            return -wait(word, value, bits, deadline_at(clock, time_of(given)), place);
        }
        case FUTEX_WAKE:
            return wake(word, as_count(given[2]), FUTEX_BITSET_MATCH_ANY, place);
        case FUTEX_WAKE_BITSET:
            return wake(word, as_count(given[2]), bits, place);
        case FUTEX_CMP_REQUEUE:
            if (value_at(word) != static_cast<std::uint32_t>(given[5])) return -EAGAIN;
            [[fallthrough]];
        case FUTEX_REQUEUE: {
            const long woken = wake(word, as_count(given[2]), FUTEX_BITSET_MATCH_ANY, place);
            const auto moved = move_waiters(object_kind::futex, word, second, as_count(given[3]));
            return woken + static_cast<long>(moved);
        }
        default:
            fail(finding_kind::stuck, of(action::wait, word, place),
                 "uses a kind of futex that twill check does not model");
    }
}

}  // namespace twill::inline TWILL_ABI::check
