// A million timers, each of which waits among the others and expires; and limits in time that are
// not reached.

#include "async/programs.hpp"

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>

#include <chrono>

namespace twill::inline TWILL_ABI::bench {
namespace {

using namespace std::chrono_literals;

task<> sleeper(duration length) { co_await sleep(length); }

// Lengths of 1,000 to 1,999 ms, in no order.
task<> spawn_all(scope_ref s, long tasks) {
    for (long i = 0; i < tasks; ++i) s.spawn(sleeper, 1s + (i * 7919 % 1000) * 1ms);
    co_return;
}

task<> sleep_and_join(long tasks) {
    co_await scope([=](scope_ref s) { return spawn_all(s, tasks); });
}

task<> limit_again_and_again(scope_ref s, bed* on, long times, long pending) {
    for (long i = 0; i < pending; ++i) s.spawn(sleeper, 1h + (i * 7919 % 1000) * 1ms);
    co_await yield();
    const double before = on->seconds();
    for (long i = 0; i < times; ++i) co_await with_timeout(10s, yield());
    print("ns", (on->seconds() - before) * 1e9 / static_cast<double>(times));
    s.cancel();
}

task<> limit_among_sleepers(bed* on, long times, long pending) {
    co_await scope([=](scope_ref s) { return limit_again_and_again(s, on, times, pending); });
}

}  // namespace

void run_timers(bed& on, long tasks) {
    const double before = cpu_seconds();
    on.here.run(sleep_and_join, tasks);
    print("s", cpu_seconds() - before);
}

void run_limits(bed& on, long times, long pending) {
    on.here.run(limit_among_sleepers, &on, times, pending);
}

}  // namespace twill::inline TWILL_ABI::bench
