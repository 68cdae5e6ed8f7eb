// A million timers: each is made, waits among the others, and expires.

#include "common/meter.hpp"
#include "first/programs.hpp"

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

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

}  // namespace

void run_timers(long tasks) {
    runtime here(runtime_options{});
    const double before = cpu_seconds();
    here.run(sleep_and_join, tasks);
    print("timers_s", cpu_seconds() - before);
}

}  // namespace twill::inline TWILL_ABI::bench
