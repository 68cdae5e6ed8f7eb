// Barriers. The state lies in the pthread_barrier_t as glibc's own begins: who has arrived in this
// round, the round, and how many it takes; so pthread_barrier_init needs no replacement. But who
// waits does not look there: once all have arrived, the first to leave may make another of it.
#include "check/scheduler.hpp"
#include "check/world.hpp"

#include <pthread.h>

namespace twill::inline TWILL_ABI::check {
namespace {

struct barrier {
    unsigned arrived;
    unsigned round;
    unsigned count;
};
static_assert(sizeof(barrier) <= sizeof(pthread_barrier_t));

barrier& state_of(pthread_barrier_t& of) noexcept { return *reinterpret_cast<barrier*>(&of); }

bool round_is_over(const thread& asking) noexcept { return asking.meets_at == nullptr; }

void let_all_go(const void* from) noexcept {
    for (std::uint32_t i = 0; i != the.count; ++i)
        if (the.threads[i].meets_at == from) the.threads[i].meets_at = nullptr;
    changed();
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int pthread_barrier_wait(pthread_barrier_t* object) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_barrier_wait)(object);
    barrier& state = state_of(*object);
    const step arrival{action::arrive, object_kind::barrier, object, TWILL_CALLER};
    point(arrival);
    released(object_kind::barrier, object);
    if (++state.arrived == state.count) {
        state.arrived = 0;
        ++state.round;
        let_all_go(object);
        acquired(object_kind::barrier, object);
        point_behind(TWILL_CALLER);
        return PTHREAD_BARRIER_SERIAL_THREAD;
    }
    self()->meets_at = object;
    wait_until(arrival, &round_is_over);
    acquired(object_kind::barrier, object);
    return 0;
}

TWILL_INTERPOSED int pthread_barrier_destroy(pthread_barrier_t* object) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_barrier_destroy)(object);
    // The real one waits for those that are still leaving: of ours none is.
    if (state_of(*object).arrived != 0)
        note(finding_kind::destroyed_in_use,
             {action::destroy, object_kind::barrier, object, TWILL_CALLER},
             "destroys a barrier that threads wait at");
    return 0;
}
