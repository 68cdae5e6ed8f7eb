// Read-write locks. The state lies in the pthread_rwlock_t, in fields that glibc has for the same.
#include "check/held.hpp"
#include "check/hooks/deadlines.hpp"
#include "check/scheduler.hpp"

#include <pthread.h>

#include <cerrno>

namespace twill::inline TWILL_ABI::check {
namespace {

unsigned& readers_of(pthread_rwlock_t& lock) noexcept { return lock.__data.__readers; }
int& writer_of(pthread_rwlock_t& lock) noexcept { return lock.__data.__cur_writer; }

pthread_rwlock_t& wanted_by(const thread& asking) noexcept {
    return *const_cast<pthread_rwlock_t*>(static_cast<const pthread_rwlock_t*>(asking.next.object));
}

int mark_of(const thread& owner) noexcept { return static_cast<int>(owner.index) + 1; }

bool prefers_writers(const pthread_rwlock_t& lock) noexcept {
    return lock.__data.__flags == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
}

bool can_write(const thread& asking) noexcept {
    auto& lock = wanted_by(asking);
    return writer_of(lock) == 0 && readers_of(lock) == 0;
}
bool can_read(const thread& asking) noexcept {
    auto& lock = wanted_by(asking);
    return writer_of(lock) == 0 &&
           !(prefers_writers(lock) && somebody_waits_for(&lock, action::lock));
}

const thread* who_holds(const thread& asking) noexcept {
    auto& lock = wanted_by(asking);
    if (writer_of(lock) != 0) return thread_at(static_cast<std::uint32_t>(writer_of(lock)) - 1);
    return who_keeps(&lock);
}

step of(action kind, const pthread_rwlock_t& lock, const void* place) noexcept {
    return {kind, object_kind::rwlock, &lock, place};
}

// Readers are ordered with writers only: what they pass on is kept apart from what writers do.
const void* of_readers(const pthread_rwlock_t& lock) noexcept {
    return reinterpret_cast<const char*>(&lock) + 1;
}

void take_for_writing(pthread_rwlock_t& lock, const void* place) noexcept {
    writer_of(lock) = mark_of(*self());
    keep_lock(of(action::lock, lock, place));
    changed();
    acquired(object_kind::rwlock, &lock);
    acquired(object_kind::rwlock, of_readers(lock));
}
void take_for_reading(pthread_rwlock_t& lock, const void* place) noexcept {
    ++readers_of(lock);
    keep_lock(of(action::read_lock, lock, place));
    changed();
    acquired(object_kind::rwlock, &lock);
}

int write_lock(pthread_rwlock_t& lock, const void* place, std::uint64_t deadline = never) noexcept {
    if (writer_of(lock) == mark_of(*self())) return EDEADLK;
    if (deadline == never) watch_lock_order(of(action::lock, lock, place));
    const auto end = wait_until(of(action::lock, lock, place), &can_write,
                                {.deadline = deadline, .holder = &who_holds});
    if (end == wait_end::timed_out) return ETIMEDOUT;
    take_for_writing(lock, place);
    return 0;
}

int read_lock(pthread_rwlock_t& lock, const void* place, std::uint64_t deadline = never) noexcept {
    if (writer_of(lock) == mark_of(*self())) return EDEADLK;
    if (deadline == never) watch_lock_order(of(action::read_lock, lock, place));
    const auto end = wait_until(of(action::read_lock, lock, place), &can_read,
                                {.deadline = deadline, .holder = &who_holds});
    if (end == wait_end::timed_out) return ETIMEDOUT;
    take_for_reading(lock, place);
    return 0;
}

int unlock(pthread_rwlock_t& lock, const void* place) noexcept {
    const bool writes = writer_of(lock) == mark_of(*self());
    if (!writes && (readers_of(lock) == 0 || !keeps_lock(&lock)))
        note(finding_kind::wrong_unlock, of(action::unlock, lock, place),
             readers_of(lock) == 0 && writer_of(lock) == 0
                 ? "unlocks a read-write lock that is not locked"
                 : "unlocks a read-write lock that another thread holds");
    point(of(action::unlock, lock, place));
    released(object_kind::rwlock, writes ? &lock : of_readers(lock));
    drop_lock(&lock);
    if (writes)
        writer_of(lock) = 0;
    else if (readers_of(lock) != 0)
        --readers_of(lock);
    changed();
    point_behind(place);
    return 0;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_rwlock_wrlock)(lock);
    return write_lock(*lock, TWILL_CALLER);
}
TWILL_INTERPOSED int pthread_rwlock_timedwrlock(pthread_rwlock_t* lock,
                                                const timespec* at) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_rwlock_timedwrlock)(lock, at);
    if (!is_time(*at)) return EINVAL;
    return write_lock(*lock, TWILL_CALLER, deadline_at(CLOCK_REALTIME, at));
}
TWILL_INTERPOSED int pthread_rwlock_clockwrlock(pthread_rwlock_t* lock, clockid_t clock,
                                                const timespec* at) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_rwlock_clockwrlock)(lock, clock, at);
    if (!is_time(*at)) return EINVAL;
    return write_lock(*lock, TWILL_CALLER, deadline_at(clock, at));
}
TWILL_INTERPOSED int pthread_rwlock_trywrlock(pthread_rwlock_t* lock) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_rwlock_trywrlock)(lock);
    point(of(action::try_lock, *lock, TWILL_CALLER));
    if (writer_of(*lock) != 0 || readers_of(*lock) != 0) {
        changed_nothing();
        return EBUSY;
    }
    take_for_writing(*lock, TWILL_CALLER);
    return 0;
}

TWILL_INTERPOSED int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_rwlock_rdlock)(lock);
    return read_lock(*lock, TWILL_CALLER);
}
TWILL_INTERPOSED int pthread_rwlock_timedrdlock(pthread_rwlock_t* lock,
                                                const timespec* at) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_rwlock_timedrdlock)(lock, at);
    if (!is_time(*at)) return EINVAL;
    return read_lock(*lock, TWILL_CALLER, deadline_at(CLOCK_REALTIME, at));
}
TWILL_INTERPOSED int pthread_rwlock_clockrdlock(pthread_rwlock_t* lock, clockid_t clock,
                                                const timespec* at) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_rwlock_clockrdlock)(lock, clock, at);
    if (!is_time(*at)) return EINVAL;
    return read_lock(*lock, TWILL_CALLER, deadline_at(clock, at));
}
TWILL_INTERPOSED int pthread_rwlock_tryrdlock(pthread_rwlock_t* lock) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_rwlock_tryrdlock)(lock);
    point(of(action::try_read_lock, *lock, TWILL_CALLER));
    if (writer_of(*lock) != 0) return EBUSY;
    take_for_reading(*lock, TWILL_CALLER);
    return 0;
}

TWILL_INTERPOSED int pthread_rwlock_unlock(pthread_rwlock_t* lock) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_rwlock_unlock)(lock);
    return unlock(*lock, TWILL_CALLER);
}

TWILL_INTERPOSED int pthread_rwlock_destroy(pthread_rwlock_t* lock) noexcept {
    if (controlled() && (writer_of(*lock) != 0 || readers_of(*lock) != 0))
        note(finding_kind::destroyed_in_use, of(action::destroy, *lock, TWILL_CALLER),
             "destroys a read-write lock that is locked");
    return TWILL_REAL(pthread_rwlock_destroy)(lock);
}
