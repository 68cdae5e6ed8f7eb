// Switching between tasks that are all ready.

#include "common/meter.hpp"
#include "first/programs.hpp"

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

namespace twill::inline TWILL_ABI::bench {
namespace {

task<> child(long turns) {
    for (long i = 0; i < turns; ++i) co_await yield();
}

task<> spawn_all(scope_ref s, long tasks, long turns) {
    for (long i = 0; i < tasks; ++i) s.spawn(child, turns);
    co_return;
}

task<> yield_and_join(long tasks, long turns) {
    co_await scope([=](scope_ref s) { return spawn_all(s, tasks, turns); });
}

}  // namespace

void run_yield(long tasks, long turns) {
    runtime here(runtime_options{});
    const double before = cpu_seconds();
    here.run(yield_and_join, tasks, turns);
    const double took = cpu_seconds() - before;
    print("yield_ns", took * 1e9 / static_cast<double>(tasks * turns));
}

}  // namespace twill::inline TWILL_ABI::bench
