// What a task costs in memory while it sleeps.

#include "async/programs.hpp"

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>

#include <unistd.h>

#include <chrono>

namespace twill::inline TWILL_ABI::bench {
namespace {

using namespace std::chrono_literals;

task<> sleeper(long* asleep) {
    ++*asleep;
    co_await sleep(1h);
}

task<> spawn_all(scope_ref s, long tasks) {
    long asleep = 0;
    const double before = resident_bytes();
    for (long i = 0; i < tasks; ++i) s.spawn(sleeper, &asleep);
    while (asleep < tasks) co_await yield();
    print("bytes", (resident_bytes() - before) / static_cast<double>(tasks));
    _exit(0);
}

task<> sleep_all(long tasks) {
    co_await scope([=](scope_ref s) { return spawn_all(s, tasks); });
}

}  // namespace

void run_sleepers(bed& on, long tasks) { on.here.run(sleep_all, tasks); }

}  // namespace twill::inline TWILL_ABI::bench
