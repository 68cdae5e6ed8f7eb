// C11 threads: glibc's call its own pthread functions directly, past what stands in for those. Its
// objects are pthread objects beneath.
#include "check/hooks/clocks.hpp"
#include "check/hooks/conditions.hpp"
#include "check/hooks/deadlines.hpp"
#include "check/hooks/mutexes.hpp"
#include "check/hooks/once.hpp"
#include "check/hooks/threads.hpp"
#include "check/scheduler.hpp"

#include <threads.h>

#include <cerrno>

namespace twill::inline TWILL_ABI::check {
namespace {

int as_c11_has_it(int error) noexcept {
    switch (error) {
        case 0:
            return thrd_success;
        case ENOMEM:
            return thrd_nomem;
        case EBUSY:
            return thrd_busy;
        case ETIMEDOUT:
            return thrd_timedout;
        default:
            return thrd_error;
    }
}

pthread_mutex_t& mutex_of(mtx_t* of) noexcept { return *reinterpret_cast<pthread_mutex_t*>(of); }
pthread_cond_t& condition_of(cnd_t* of) noexcept { return *reinterpret_cast<pthread_cond_t*>(of); }

// A C11 thread gives an int, and a pthread a pointer: glibc keeps the one in the other.
using c11_function = int (*)(void*);
void* run_c11(void* itself) {
    const thread& me = *static_cast<const thread*>(itself);
    const auto function = reinterpret_cast<c11_function>(me.c11_start);
    return reinterpret_cast<void*>(static_cast<std::intptr_t>(function(me.c11_argument)));
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int thrd_create(thrd_t* handle, thrd_start_t function, void* argument) {
    if (!controlled()) return TWILL_REAL(thrd_create)(handle, function, argument);
    return as_c11_has_it(make_c11_thread(handle, &run_c11, reinterpret_cast<void*>(function),
                                         argument, TWILL_CALLER));
}

TWILL_INTERPOSED int thrd_join(thrd_t handle, int* result) {
    if (!controlled()) return TWILL_REAL(thrd_join)(handle, result);
    void* given = nullptr;
    const int error = join_thread(handle, &given, never, TWILL_CALLER);
    if (error == 0 && result != nullptr)
        *result = static_cast<int>(reinterpret_cast<std::intptr_t>(given));
    return as_c11_has_it(error);
}

TWILL_INTERPOSED int thrd_detach(thrd_t handle) {
    // The interposed one, which sees to the rest.
    return as_c11_has_it(::pthread_detach(handle));
}

TWILL_INTERPOSED int thrd_sleep(const timespec* time, timespec* left) {
    if (!controlled()) return TWILL_REAL(thrd_sleep)(time, left);
    if (!is_time(*time) || time->tv_sec < 0) return -2;
    sleep_until(now_ns() + as_ns(*time), TWILL_CALLER);
    if (left != nullptr) *left = {0, 0};
    return 0;
}

TWILL_INTERPOSED void thrd_yield() {
    if (!controlled()) return TWILL_REAL(thrd_yield)();
    yield(TWILL_CALLER);
}

TWILL_INTERPOSED int mtx_lock(mtx_t* mutex) {
    if (!controlled()) return TWILL_REAL(mtx_lock)(mutex);
    return as_c11_has_it(lock_mutex(mutex_of(mutex), TWILL_CALLER));
}
TWILL_INTERPOSED int mtx_timedlock(mtx_t* mutex, const timespec* at) {
    if (!controlled()) return TWILL_REAL(mtx_timedlock)(mutex, at);
    if (!is_time(*at)) return thrd_error;
    return as_c11_has_it(
        lock_mutex(mutex_of(mutex), TWILL_CALLER, deadline_at(CLOCK_REALTIME, at)));
}
TWILL_INTERPOSED int mtx_trylock(mtx_t* mutex) {
    if (!controlled()) return TWILL_REAL(mtx_trylock)(mutex);
    return as_c11_has_it(try_lock_mutex(mutex_of(mutex), TWILL_CALLER));
}
TWILL_INTERPOSED int mtx_unlock(mtx_t* mutex) {
    if (!controlled()) return TWILL_REAL(mtx_unlock)(mutex);
    return as_c11_has_it(unlock_mutex(mutex_of(mutex), TWILL_CALLER));
}
TWILL_INTERPOSED void mtx_destroy(mtx_t* mutex) {
    static_cast<void>(::pthread_mutex_destroy(&mutex_of(mutex)));
}

TWILL_INTERPOSED int cnd_wait(cnd_t* condition, mtx_t* mutex) {
    if (!controlled()) return TWILL_REAL(cnd_wait)(condition, mutex);
    return as_c11_has_it(wait_at_condition(condition_of(condition), mutex_of(mutex), TWILL_CALLER));
}
TWILL_INTERPOSED int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* at) {
    if (!controlled()) return TWILL_REAL(cnd_timedwait)(condition, mutex, at);
    if (!is_time(*at)) return thrd_error;
    return as_c11_has_it(wait_at_condition(condition_of(condition), mutex_of(mutex), TWILL_CALLER,
                                           deadline_at(CLOCK_REALTIME, at)));
}
TWILL_INTERPOSED int cnd_signal(cnd_t* condition) {
    if (!controlled()) return TWILL_REAL(cnd_signal)(condition);
    notify_one(condition_of(condition), TWILL_CALLER);
    return thrd_success;
}
TWILL_INTERPOSED int cnd_broadcast(cnd_t* condition) {
    if (!controlled()) return TWILL_REAL(cnd_broadcast)(condition);
    notify_all(condition_of(condition), TWILL_CALLER);
    return thrd_success;
}
TWILL_INTERPOSED void cnd_destroy(cnd_t* condition) {
    static_cast<void>(::pthread_cond_destroy(&condition_of(condition)));
}

TWILL_INTERPOSED void call_once(once_flag* flag, void (*function)()) {
    if (!controlled()) return TWILL_REAL(call_once)(flag, function);
    twill::check::run_once(*reinterpret_cast<int*>(flag), function, TWILL_CALLER);
}
