// Spin locks. The word is what glibc makes of it: 1 is free on x86, 0 elsewhere; so
// pthread_spin_init needs no replacement.
#include "check/held.hpp"
#include "check/scheduler.hpp"

#include <pthread.h>

#include <cerrno>

namespace twill::inline TWILL_ABI::check {
namespace {

#if defined(__x86_64__)
constexpr int is_free = 1;
constexpr int is_taken = 0;
#else
constexpr int is_free = 0;
constexpr int is_taken = 1;
#endif

bool can_take(const thread& asking) noexcept {
    return *static_cast<const pthread_spinlock_t*>(asking.next.object) == is_free;
}
const thread* who_holds(const thread& asking) noexcept { return who_keeps(asking.next.object); }

step of(action kind, const volatile void* lock, const void* place) noexcept {
    return {kind, object_kind::spin_lock, const_cast<const void*>(lock), place};
}

void take(pthread_spinlock_t& lock, const void* place) noexcept {
    lock = is_taken;
    keep_lock(of(action::lock, &lock, place));
    changed();
    acquired(object_kind::spin_lock, const_cast<const int*>(&lock));
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int pthread_spin_lock(pthread_spinlock_t* lock) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_spin_lock)(lock);
    watch_lock_order(of(action::lock, lock, TWILL_CALLER));
    wait_until(of(action::lock, lock, TWILL_CALLER), &can_take, {.holder = &who_holds});
    take(*lock, TWILL_CALLER);
    return 0;
}

TWILL_INTERPOSED int pthread_spin_trylock(pthread_spinlock_t* lock) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_spin_trylock)(lock);
    point(of(action::try_lock, lock, TWILL_CALLER));
    if (*lock != is_free) {
        changed_nothing();
        return EBUSY;
    }
    take(*lock, TWILL_CALLER);
    return 0;
}

TWILL_INTERPOSED int pthread_spin_unlock(pthread_spinlock_t* lock) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_spin_unlock)(lock);
    point(of(action::unlock, lock, TWILL_CALLER));
    if (!keeps_lock(const_cast<const int*>(lock)))
        note(finding_kind::wrong_unlock, of(action::unlock, lock, TWILL_CALLER),
             *lock == is_free ? "unlocks a spin lock that is not locked"
                              : "unlocks a spin lock that another thread holds");
    released(object_kind::spin_lock, const_cast<const int*>(lock));
    drop_lock(const_cast<const int*>(lock));
    *lock = is_free;
    changed();
    point_behind(TWILL_CALLER);
    return 0;
}
