// Switching between tasks that are all ready: what it costs, and whether all get the same.

#include "async/programs.hpp"

#include <twill/async/auto_reset_event.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <source_location>
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

using moment = std::chrono::steady_clock::time_point;

task<> yield_until(const std::atomic<bool>* over) {
    while (!over->load(std::memory_order_relaxed)) co_await yield();
}

task<> be_woken(auto_reset_event* wake, auto_reset_event* awake, const moment* sent,
                std::vector<double>* took) {
    for (double& each : *took) {
        co_await wake->wait();
        each = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - *sent)
                   .count();
        awake->set();
    }
}

task<> wake_among(long tasks, std::vector<double>* took) {
    std::atomic<bool> over = false;
    auto_reset_event wake;
    auto_reset_event awake;
    moment sent;
    co_await scope([&](scope_ref s) -> task<> {
        for (long i = 0; i < tasks; ++i) s.spawn(yield_until, &over);
        s.spawn_at(std::source_location::current(), be_woken, &wake, &awake, &sent, took);
        for (std::size_t i = 0; i < took->size(); ++i) {
            co_await yield();
            sent = std::chrono::steady_clock::now();
            wake.set();
            co_await awake.wait();
        }
        over = true;
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

void run_wake(bed& on, long tasks, long times) {
    std::vector<double> took(static_cast<std::size_t>(times));
    on.here.run(wake_among, tasks, &took);
    std::sort(took.begin(), took.end());
    print("p50_us", took[took.size() / 2]);
    print("p99_us", took[took.size() * 99 / 100]);
}

}  // namespace twill::inline TWILL_ABI::bench
