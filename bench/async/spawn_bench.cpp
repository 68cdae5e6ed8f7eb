// Spawning a million tasks and waiting for them. All are alive at once: a child starts after its
// parent has suspended, so none ends before the last is spawned. On several threads a gate sees to
// that.

#include "async/programs.hpp"

#include <twill/async/manual_reset_event.hpp>
#include <twill/core/scope.hpp>

#include <atomic>
#include <cstdlib>

namespace twill::inline TWILL_ABI::bench {
namespace {

task<> child(long* ended) {
    ++*ended;
    co_return;
}

task<> gated_child(manual_reset_event* gate, std::atomic<long>* ended) {
    co_await gate->wait();
    ended->fetch_add(1, std::memory_order_relaxed);
}

task<> spawn_all(scope_ref s, long tasks, long* ended) {
    for (long i = 0; i < tasks; ++i) s.spawn(child, ended);
    co_return;
}

task<> spawn_all_gated(scope_ref s, long tasks, manual_reset_event* gate,
                       std::atomic<long>* ended) {
    for (long i = 0; i < tasks; ++i) s.spawn(gated_child, gate, ended);
    gate->set();
    co_return;
}

task<> spawn_and_join(long tasks) {
    long ended = 0;
    co_await scope([&](scope_ref s) { return spawn_all(s, tasks, &ended); });
    if (ended != tasks) std::abort();
}

task<> spawn_and_join_gated(long tasks) {
    std::atomic<long> ended = 0;
    manual_reset_event gate;
    co_await scope([&](scope_ref s) { return spawn_all_gated(s, tasks, &gate, &ended); });
    if (ended != tasks) std::abort();
}

}  // namespace

void run_spawn(bed& on, long tasks) {
    const auto took =
        time_repeated([&] { return on.seconds(); },
                      [&] { on.here.run(on.one ? spawn_and_join : spawn_and_join_gated, tasks); });
    print("cold_ns", took.cold * 1e9 / static_cast<double>(tasks));
    print("warm_ns", took.warm * 1e9 / static_cast<double>(tasks));
}

}  // namespace twill::inline TWILL_ABI::bench
