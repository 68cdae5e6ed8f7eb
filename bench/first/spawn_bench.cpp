// Spawning a million tasks and waiting for them. All are alive at once: a child starts after its
// parent has suspended, so none ends before the last is spawned.

#include "common/meter.hpp"
#include "first/programs.hpp"

#include <twill/core/scope.hpp>
#include <twill/runtime/runtime.hpp>

#include <cstdlib>

namespace twill::inline TWILL_ABI::bench {
namespace {

task<> child(long* ended) {
    ++*ended;
    co_return;
}

task<> spawn_all(scope_ref s, long tasks, long* ended) {
    for (long i = 0; i < tasks; ++i) s.spawn(child, ended);
    co_return;
}

task<> spawn_and_join(long tasks) {
    long ended = 0;
    co_await scope([&](scope_ref s) { return spawn_all(s, tasks, &ended); });
    if (ended != tasks) std::abort();
}

}  // namespace

void run_spawn(long tasks) {
    runtime here(runtime_options{});
    const auto took = time_repeated([&] { here.run(spawn_and_join, tasks); });
    print("cold_ns", took.cold * 1e9 / static_cast<double>(tasks));
    print("warm_ns", took.warm * 1e9 / static_cast<double>(tasks));
}

}  // namespace twill::inline TWILL_ABI::bench
