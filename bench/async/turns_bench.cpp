// Switching between tasks that are all ready: what it costs, and whether all get the same.

#include "async/programs.hpp"

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

using namespace std::chrono_literals;

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

enum class phase : char { not_yet, counts, over };

task<> count_turns(const std::atomic<phase>* now, long* turns) {
    while (now->load(std::memory_order_relaxed) == phase::not_yet) co_await yield();
    while (now->load(std::memory_order_relaxed) == phase::counts) {
        ++*turns;
        co_await yield();
    }
}

task<> count_for_a_second(std::vector<long>* turns) {
    std::atomic<phase> now = phase::not_yet;
    co_await scope([&](scope_ref s) -> task<> {
        for (long& mine : *turns) s.spawn(count_turns, &now, &mine);
        co_await sleep(100ms);
        now = phase::counts;
        co_await sleep(1s);
        now = phase::over;
    });
}

}  // namespace

void run_yield(bed& on, long tasks, long turns) {
    const double before = on.seconds();
    on.here.run(yield_and_join, tasks, turns);
    print("ns", (on.seconds() - before) * 1e9 / static_cast<double>(tasks * turns));
}

void run_fairness(bed& on, long tasks) {
    std::vector<long> turns(static_cast<std::size_t>(tasks));
    on.here.run(count_for_a_second, &turns);
    const auto [least, most] = std::minmax_element(turns.begin(), turns.end());
    print("fairness", static_cast<double>(*least) / static_cast<double>(*most));
}

}  // namespace twill::inline TWILL_ABI::bench
