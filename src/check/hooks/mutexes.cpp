#include "check/hooks/mutexes.hpp"

#include "check/held.hpp"
#include "check/hooks/deadlines.hpp"
#include "check/scheduler.hpp"

#include <cerrno>

namespace twill::inline TWILL_ABI::check {
namespace {

// The kinds, as glibc has them in `__kind`.
constexpr int type_mask = 3;
constexpr int robust_bit = 16;

bool is_robust(const pthread_mutex_t& mutex) noexcept {
    return (mutex.__data.__kind & robust_bit) != 0;
}
int type_of(const pthread_mutex_t& mutex) noexcept { return mutex.__data.__kind & type_mask; }

// Of a robust mutex, in a field that counts users in glibc.
enum health : unsigned {
    sound,
    inconsistent,     // taken over from an owner that died
    not_recoverable,  // and unlocked like that
};
unsigned& health_of(pthread_mutex_t& mutex) noexcept { return mutex.__data.__nusers; }

int mark_of(const thread& owner) noexcept { return static_cast<int>(owner.index) + 1; }
const thread* owner_of(const pthread_mutex_t& mutex) noexcept {
    if (mutex.__data.__lock == 0 || mutex.__data.__owner <= 0) return nullptr;
    return thread_at(static_cast<std::uint32_t>(mutex.__data.__owner) - 1);
}
bool owner_died(const pthread_mutex_t& mutex) noexcept {
    const thread* const owner = owner_of(mutex);
    return is_robust(mutex) && owner != nullptr && owner->state == thread_state::ended;
}

const pthread_mutex_t& wanted_by(const thread& asking) noexcept {
    return *static_cast<const pthread_mutex_t*>(asking.next.object);
}
bool can_take(const thread& asking) noexcept {
    const auto& mutex = wanted_by(asking);
    return mutex.__data.__lock == 0 || owner_died(mutex);
}
const thread* who_holds(const thread& asking) noexcept { return owner_of(wanted_by(asking)); }

step of(action kind, const pthread_mutex_t& mutex, const void* place) noexcept {
    return {kind, object_kind::mutex, &mutex, place};
}

int take(pthread_mutex_t& mutex, const void* place) noexcept {
    if (is_robust(mutex) && health_of(mutex) == not_recoverable) return ENOTRECOVERABLE;
    const bool died = owner_died(mutex);
    if (died) health_of(mutex) = inconsistent;
    mutex.__data.__lock = 1;
    mutex.__data.__owner = mark_of(*self_even_inside());
    mutex.__data.__count = 1;
    keep_lock(of(action::lock, mutex, place));
    changed();
    acquired(object_kind::mutex, &mutex);
    return died ? EOWNERDEAD : 0;
}

void give(pthread_mutex_t& mutex) noexcept {
    released(object_kind::mutex, &mutex);
    drop_lock(&mutex);
    if (is_robust(mutex) && health_of(mutex) == inconsistent) health_of(mutex) = not_recoverable;
    mutex.__data.__lock = 0;
    mutex.__data.__owner = 0;
    mutex.__data.__count = 0;
    changed();
}

}  // namespace

int lock_mutex(pthread_mutex_t& mutex, const void* place, std::uint64_t deadline) noexcept {
    const thread& me = *self();
    if (owner_of(mutex) == &me) {
        switch (type_of(mutex)) {
            case PTHREAD_MUTEX_RECURSIVE_NP:
                ++mutex.__data.__count;
                return 0;
            case PTHREAD_MUTEX_ERRORCHECK_NP:
                return EDEADLK;
            default:
                if (deadline == never)
                    fail(finding_kind::relocked, of(action::lock, mutex, place),
                         "locks a mutex that it holds already");
        }
    }
    if (deadline == never) watch_lock_order(of(action::lock, mutex, place));
    const auto end = wait_until(of(action::lock, mutex, place), &can_take,
                                {.deadline = deadline, .holder = &who_holds});
    return end == wait_end::timed_out ? ETIMEDOUT : take(mutex, place);
}

int try_lock_mutex(pthread_mutex_t& mutex, const void* place) noexcept {
    const thread& me = *self();
    point(of(action::try_lock, mutex, place));
    if (owner_of(mutex) == &me && type_of(mutex) == PTHREAD_MUTEX_RECURSIVE_NP) {
        ++mutex.__data.__count;
        return 0;
    }
    if (mutex.__data.__lock != 0 && !owner_died(mutex)) {
        changed_nothing();
        return EBUSY;
    }
    return take(mutex, place);
}

int unlock_mutex(pthread_mutex_t& mutex, const void* place) noexcept {
    const thread& me = *self();
    const thread* const owner = owner_of(mutex);
    if (owner != &me) {
        const int type = type_of(mutex);
        if (type == PTHREAD_MUTEX_RECURSIVE_NP || type == PTHREAD_MUTEX_ERRORCHECK_NP ||
            is_robust(mutex))
            return EPERM;
        finding* const made = note(finding_kind::wrong_unlock, of(action::unlock, mutex, place),
                                   owner == nullptr ? "unlocks a mutex that is not locked"
                                                    : "unlocks a mutex that another thread holds");
        if (made != nullptr && owner != nullptr) {
            made->other = owner->index;
            made->has_other = 1;
        }
    }
    if (mutex.__data.__count > 1 && owner == &me) {
        --mutex.__data.__count;
        return 0;
    }
    point(of(action::unlock, mutex, place));
    give(mutex);
    point_behind(place);
    return 0;
}

bool release_mutex(pthread_mutex_t& mutex) noexcept {
    if (owner_of(mutex) != self_even_inside()) return false;
    if (mutex.__data.__count > 1)
        --mutex.__data.__count;
    else
        give(mutex);
    return true;
}

int retake_mutex(pthread_mutex_t& mutex, const void* place) noexcept {
    if (owner_of(mutex) == self_even_inside()) {
        ++mutex.__data.__count;
        return 0;
    }
    wait_until(of(action::lock, mutex, place), &can_take, {.holder = &who_holds});
    return take(mutex, place);
}

}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_mutex_lock)(mutex);
    return lock_mutex(*mutex, TWILL_CALLER);
}

TWILL_INTERPOSED int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_mutex_trylock)(mutex);
    return try_lock_mutex(*mutex, TWILL_CALLER);
}

TWILL_INTERPOSED int pthread_mutex_timedlock(pthread_mutex_t* mutex, const timespec* at) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_mutex_timedlock)(mutex, at);
    if (!is_time(*at)) return EINVAL;
    return lock_mutex(*mutex, TWILL_CALLER, deadline_at(CLOCK_REALTIME, at));
}

TWILL_INTERPOSED int pthread_mutex_clocklock(pthread_mutex_t* mutex, clockid_t clock,
                                             const timespec* at) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_mutex_clocklock)(mutex, clock, at);
    if (!is_time(*at)) return EINVAL;
    return lock_mutex(*mutex, TWILL_CALLER, deadline_at(clock, at));
}

TWILL_INTERPOSED int pthread_mutex_consistent(pthread_mutex_t* mutex) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_mutex_consistent)(mutex);
    if (!is_robust(*mutex) || health_of(*mutex) != inconsistent) return EINVAL;
    health_of(*mutex) = sound;
    return 0;
}

TWILL_INTERPOSED int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_mutex_unlock)(mutex);
    return unlock_mutex(*mutex, TWILL_CALLER);
}

TWILL_INTERPOSED int pthread_mutex_destroy(pthread_mutex_t* mutex) noexcept {
    if (controlled() && mutex->__data.__lock != 0) {
        note(finding_kind::destroyed_in_use,
             {action::destroy, object_kind::mutex, mutex, TWILL_CALLER},
             "destroys a mutex that is locked");
        return EBUSY;
    }
    if (controlled()) health_of(*mutex) = sound;
    return TWILL_REAL(pthread_mutex_destroy)(mutex);
}
