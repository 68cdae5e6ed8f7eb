// Semaphores. The value lies in the sem_t where glibc has it, in the lower half of its first word,
// so that sem_init, sem_open and sem_getvalue need no replacement.
#include "check/cancellation.hpp"
#include "check/hooks/deadlines.hpp"
#include "check/scheduler.hpp"

#include <semaphore.h>

#include <cerrno>
#include <climits>

namespace twill::inline TWILL_ABI::check {
namespace {

unsigned& value_of(sem_t& semaphore) noexcept { return *reinterpret_cast<unsigned*>(&semaphore); }
unsigned value_of(const sem_t& semaphore) noexcept {
    return *reinterpret_cast<const unsigned*>(&semaphore);
}

bool is_positive(const thread& asking) noexcept {
    return value_of(*static_cast<const sem_t*>(asking.next.object)) != 0;
}

int fail_with_errno(int error) noexcept {
    errno = error;
    return -1;
}

void take(sem_t& semaphore) noexcept {
    --value_of(semaphore);
    changed();
    acquired(object_kind::semaphore, &semaphore);
}

int acquire(sem_t& semaphore, const void* place, std::uint64_t deadline = never) noexcept {
    const auto end = wait_until({action::acquire, object_kind::semaphore, &semaphore, place},
                                &is_positive, {.deadline = deadline});
    if (end == wait_end::timed_out) return fail_with_errno(ETIMEDOUT);
    take(semaphore);
    return 0;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int sem_wait(sem_t* semaphore) {
    if (!controlled()) return TWILL_REAL(sem_wait)(semaphore);
    const cancellation_point here;
    const auto result = acquire(*semaphore, TWILL_CALLER);
    here.leave();
    return result;
}

TWILL_INTERPOSED int sem_timedwait(sem_t* semaphore, const timespec* at) {
    if (!controlled()) return TWILL_REAL(sem_timedwait)(semaphore, at);
    if (!is_time(*at)) return fail_with_errno(EINVAL);
    const cancellation_point here;
    const auto result = acquire(*semaphore, TWILL_CALLER, deadline_at(CLOCK_REALTIME, at));
    here.leave();
    return result;
}

TWILL_INTERPOSED int sem_clockwait(sem_t* semaphore, clockid_t clock, const timespec* at) {
    if (!controlled()) return TWILL_REAL(sem_clockwait)(semaphore, clock, at);
    if (!is_time(*at)) return fail_with_errno(EINVAL);
    const cancellation_point here;
    const auto result = acquire(*semaphore, TWILL_CALLER, deadline_at(clock, at));
    here.leave();
    return result;
}

TWILL_INTERPOSED int sem_trywait(sem_t* semaphore) noexcept {
    if (!controlled()) return TWILL_REAL(sem_trywait)(semaphore);
    point({action::try_acquire, object_kind::semaphore, semaphore, TWILL_CALLER});
    if (value_of(*semaphore) == 0) {
        changed_nothing();
        return fail_with_errno(EAGAIN);
    }
    take(*semaphore);
    return 0;
}

TWILL_INTERPOSED int sem_post(sem_t* semaphore) noexcept {
    if (!controlled()) return TWILL_REAL(sem_post)(semaphore);
    point({action::release, object_kind::semaphore, semaphore, TWILL_CALLER});
    if (value_of(*semaphore) == INT_MAX) return fail_with_errno(EOVERFLOW);
    released(object_kind::semaphore, semaphore);
    ++value_of(*semaphore);
    changed();
    point_behind(TWILL_CALLER);
    return 0;
}

TWILL_INTERPOSED int sem_destroy(sem_t* semaphore) noexcept {
    if (controlled() && somebody_waits_for(semaphore))
        note(finding_kind::destroyed_in_use,
             {action::destroy, object_kind::semaphore, semaphore, TWILL_CALLER},
             "destroys a semaphore that a thread waits for");
    return TWILL_REAL(sem_destroy)(semaphore);
}
