// Taking turns by a mutex and by a semaphore.

#include "async/programs.hpp"

#include <twill/async/mutex.hpp>
#include <twill/async/semaphore.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>

#include <cstdlib>

namespace twill::inline TWILL_ABI::bench {
namespace {

task<> lock_alone(long times) {
    mutex turns;
    long count = 0;
    for (long i = 0; i < times; ++i) {
        const auto held = co_await turns.lock();
        ++count;
    }
    if (count != times) std::abort();
}

task<> lock_beside_others(mutex* turns, long times, long* count) {
    for (long i = 0; i < times; ++i) {
        const auto held = co_await turns->lock();
        ++*count;
        co_await yield();
    }
}

task<> lock_side_by_side(long times, long tasks) {
    mutex turns;
    long count = 0;
    co_await scope([&](scope_ref s) -> task<> {
        for (long i = 0; i < tasks; ++i) s.spawn(lock_beside_others, &turns, times / tasks, &count);
        co_return;
    });
    if (count != times / tasks * tasks) std::abort();
}

task<> acquire_alone(long times, long permits) {
    semaphore turns(static_cast<std::uint64_t>(permits));
    for (long i = 0; i < times; ++i) const auto held = co_await turns.acquire();
}

task<> acquire_beside_others(semaphore* turns, long times) {
    for (long i = 0; i < times; ++i) {
        const auto held = co_await turns->acquire();
        co_await yield();
    }
}

task<> acquire_side_by_side(long times, long tasks, long permits) {
    semaphore turns(static_cast<std::uint64_t>(permits));
    co_await scope([&](scope_ref s) -> task<> {
        for (long i = 0; i < tasks; ++i) s.spawn(acquire_beside_others, &turns, times / tasks);
        co_return;
    });
}

}  // namespace

void run_mutex(bed& on, long times, long tasks) {
    const double before = on.seconds();
    if (tasks == 1)
        on.here.run(lock_alone, times);
    else
        on.here.run(lock_side_by_side, times, tasks);
    print("ns", (on.seconds() - before) * 1e9 / static_cast<double>(times));
}

void run_semaphore(bed& on, long times, long tasks, long permits) {
    const double before = on.seconds();
    if (tasks == 1)
        on.here.run(acquire_alone, times, permits);
    else
        on.here.run(acquire_side_by_side, times, tasks, permits);
    print("ns", (on.seconds() - before) * 1e9 / static_cast<double>(times));
}

}  // namespace twill::inline TWILL_ABI::bench
