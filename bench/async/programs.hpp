// The programs of the suite, twill's version: each is run in a process of its own,
// `twill_bench_async run THREADS NAME ARGUMENTS...`, as the peers' are.
//
// THREADS is 1 or, for as many as there are CPUs, 0. With one the programs measure CPU time, which
// others on the same core do not change; with several wall-clock time.
#pragma once

#include <twill/core/config.hpp>
#include <twill/runtime/runtime.hpp>

#include "common/meter.hpp"

#include <string_view>

namespace twill::inline TWILL_ABI::bench {

// A runtime with so many event threads, and the clock that fits.
struct bed {
    explicit bed(unsigned threads) : one(threads == 1), here(options(threads)) {}
    [[nodiscard]] double seconds() const { return one ? cpu_seconds() : wall_seconds(); }

    bool one;
    runtime here;

private:
    static runtime_options options(unsigned threads) {
        runtime_options all;
        all.event_threads = threads;
        // To spawn a million tasks takes longer than the watchdog likes.
        all.report = [](std::string_view) {};
        return all;
    }
};

// `tasks` tasks, none of which ends before the last is spawned, and the wait for all of them.
void run_spawn(bed& on, long tasks);

// Two tasks that send a number to and fro, each waiting for the other's.
void run_ping_pong(bed& on, long rounds);

// `messages` numbers through a channel that holds 64.
void run_channel(bed& on, long messages, long senders, long receivers);

// `tasks` tasks that take `turns` turns each.
void run_yield(bed& on, long tasks, long turns);

// A tree of tasks, ten below each, `depth` levels: the sum of what its leaves give.
void run_skynet(bed& on, long depth);

// Memory of `tasks` tasks that all sleep. Ends the process.
void run_sleepers(bed& on, long tasks);

// `tasks` tasks that sleep between one and two seconds each.
void run_timers(bed& on, long tasks);

// `times` limits in time that are not reached, among `pending` that are not reached either.
void run_limits(bed& on, long times, long pending);

// `tasks` tasks that take `permits` permits in turns, `times` in all. With more than one task each
// lets the others run while it holds one.
void run_mutex(bed& on, long times, long tasks);
void run_semaphore(bed& on, long times, long tasks, long permits);

// `tasks` tasks that take turns for a second: the turns of the least served over those of the most
// served.
void run_fairness(bed& on, long tasks);

// One task wakes another, which sleeps meanwhile, `times` times, while `tasks` others are always
// ready: the microseconds until it runs, by the clock on the wall.
void run_wake(bed& on, long tasks, long times);

}  // namespace twill::inline TWILL_ABI::bench
