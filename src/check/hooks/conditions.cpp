#include "check/hooks/conditions.hpp"

#include "check/cancellation.hpp"
#include "check/hooks/deadlines.hpp"
#include "check/hooks/mutexes.hpp"
#include "check/scheduler.hpp"
#include "check/waiters.hpp"

#include <cerrno>

namespace twill::inline TWILL_ABI::check {
namespace {

step of(action kind, const pthread_cond_t& condition, const void* place) noexcept {
    return {kind, object_kind::condition, &condition, place};
}

// Which clock its timed waits go by: set by pthread_condattr_setclock, kept by glibc in a bit.
clockid_t clock_of(const pthread_cond_t& condition) noexcept {
    constexpr unsigned monotonic_bit = 2;
    return (condition.__data.__wrefs & monotonic_bit) != 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

}  // namespace

int wait_at_condition(pthread_cond_t& condition, pthread_mutex_t& mutex, const void* place,
                      std::uint64_t deadline) {
    // Giving up the mutex and beginning to wait are one step: nobody comes between.
    point({action::unlock, object_kind::mutex, &mutex, place});
    const bool held = release_mutex(mutex);
    if (!held)
        note(finding_kind::wrong_unlock, of(action::wait, condition, place),
             "waits for a condition with a mutex that it has not locked");
    thread& me = *self();
    join_waiters(me);
    // POSIX allows it, and who does not ask again has a bug.
    if (choose_rarely()) me.notified = true;
    const auto end =
        wait_until(of(action::wait, condition, place), &was_notified, {.deadline = deadline});
    leave_waiters(me);
    if (end == wait_end::ready) acquired(object_kind::condition, &condition);
    const int taken = held ? retake_mutex(mutex, place) : 0;
    if (taken != 0) return taken;
    return end == wait_end::timed_out ? ETIMEDOUT : 0;
}

void notify_one(pthread_cond_t& condition, const void* place) noexcept {
    point(of(action::notify_one, condition, place));
    released(object_kind::condition, &condition);
    if (notify(object_kind::condition, &condition, 1) == 0)
        notified_nobody(of(action::notify_one, condition, place));
    point_behind(place);
}

void notify_all(pthread_cond_t& condition, const void* place) noexcept {
    point(of(action::notify_all, condition, place));
    released(object_kind::condition, &condition);
    if (notify(object_kind::condition, &condition, all_waiters) == 0)
        notified_nobody(of(action::notify_all, condition, place));
    point_behind(place);
}

}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
    if (!controlled()) return TWILL_REAL(pthread_cond_wait)(condition, mutex);
    const cancellation_point here;
    const auto result = wait_at_condition(*condition, *mutex, TWILL_CALLER);
    here.leave();
    return result;
}

TWILL_INTERPOSED int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                            const timespec* at) {
    if (!controlled()) return TWILL_REAL(pthread_cond_timedwait)(condition, mutex, at);
    if (!is_time(*at)) return EINVAL;
    const cancellation_point here;
    const auto result =
        wait_at_condition(*condition, *mutex, TWILL_CALLER, deadline_at(clock_of(*condition), at));
    here.leave();
    return result;
}

TWILL_INTERPOSED int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                            clockid_t clock, const timespec* at) {
    if (!controlled()) return TWILL_REAL(pthread_cond_clockwait)(condition, mutex, clock, at);
    if (!is_time(*at)) return EINVAL;
    const cancellation_point here;
    const auto result = wait_at_condition(*condition, *mutex, TWILL_CALLER, deadline_at(clock, at));
    here.leave();
    return result;
}

TWILL_INTERPOSED int pthread_cond_signal(pthread_cond_t* condition) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_cond_signal)(condition);
    notify_one(*condition, TWILL_CALLER);
    return 0;
}

TWILL_INTERPOSED int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_cond_broadcast)(condition);
    notify_all(*condition, TWILL_CALLER);
    return 0;
}

TWILL_INTERPOSED int pthread_cond_destroy(pthread_cond_t* condition) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_cond_destroy)(condition);
    if (count_waiters(object_kind::condition, condition) != 0)
        note(finding_kind::destroyed_in_use,
             {action::destroy, object_kind::condition, condition, TWILL_CALLER},
             "destroys a condition variable that a thread waits for");
    return 0;
}
