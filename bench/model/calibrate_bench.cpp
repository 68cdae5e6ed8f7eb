// What the constants of the model are on this machine.
#include "model/costs.hpp"

#include <twill/core/atomic.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/time.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/join.hpp>
#include <twill/runtime/compute_pool.hpp>

#include "common/meter.hpp"

#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr int tries = 7;

// CPU time of one of `count` turns, the lowest of several tries.
template <class F>
double each(int count, F&& turn) {
    double lowest = 1;
    for (int t = 0; t != tries; ++t) {
        const double before = cpu_seconds();
        for (int i = 0; i != count; ++i) turn();
        lowest = std::min(lowest, cpu_seconds() - before);
    }
    return lowest / count;
}

ticks to_ticks(double seconds) { return static_cast<ticks>(std::max(seconds, 0.0) * 1e12); }

ticks since(time_point from) { return static_cast<ticks>((now() - from).count()) * ns; }

ticks middle(std::vector<ticks>& of) {
    std::sort(of.begin(), of.end());
    return of[of.size() / 2];
}

void pause_for(long nanoseconds) {
    const timespec length{0, nanoseconds};
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &length, nullptr);
}

long plain_fib(int n) { return n < 2 ? n : plain_fib(n - 1) + plain_fib(n - 2); }

long fork_fib(par::context& here, int n) {
    if (n < 2) return n;
    const auto [a, b] = par::join(
        here, [=](par::context& c) { return fork_fib(c, n - 1); },
        [=](par::context& c) { return fork_fib(c, n - 2); });
    return a + b;
}

// Forks, loops and the first offer of a region, by a thread that nobody helps.
void measure_forks(costs& found) {
    compute_pool alone({.workers = 1});
    const compute_pool::membership member(alone);
    volatile int number = 25;
    volatile long sink = 0;
    const double joins = static_cast<double>(plain_fib(number + 1)) - 1;
    const double plain = each(1, [&] { sink = plain_fib(number); });
    const double forking = each(
        1, [&] { sink = par::region([&](par::context& here) { return fork_fib(here, number); }); });
    found.fork = to_ticks((forking - plain) / joins);

    const auto add = [&](std::size_t i) { sink = sink + static_cast<long>(i); };
    par::region([&](par::context& here) {
        const double loop = each(10'000, [&] { par::for_each_index(here, 10, add); });
        const double bare = each(10'000, [&] {
            for (std::size_t i = 0; i != 10; ++i) add(i);
        });
        found.loop = to_ticks(loop - bare);
    });

    // The first fork of a region is offered and taken back: two locked operations and the search
    // for the oldest entry.
    const double region = each(10'000, [&] { par::region([&](par::context&) { sink = 1; }); });
    const double offer = each(10'000, [&] { par::join([&] { sink = 1; }, [&] { sink = 2; }); });
    found.promote = to_ticks((offer - region) / 2);
    found.take_back = found.promote;
}

// A word goes to and fro between two threads that spin; the lowest of many tries, because most are
// disturbed where others use the cores.
void measure_line(costs& found) {
    constexpr int turns = 200;
    constexpr int rounds = 200;
    alignas(64) atomic<int> word{0};
    std::thread other([&] {
        for (int i = 0; i != rounds * turns; ++i) {
            while (word.load(std::memory_order_acquire) != 2 * i + 1) {
            }
            word.store(2 * i + 2, std::memory_order_release);
        }
    });
    found.line = 1 * ms;
    for (int round = 0; round != rounds; ++round) {
        const time_point from = now();
        for (int i = round * turns; i != (round + 1) * turns; ++i) {
            word.store(2 * i + 1, std::memory_order_release);
            while (word.load(std::memory_order_acquire) != 2 * i + 2) {
            }
        }
        found.line = std::min(found.line, since(from) / (2 * turns));
    }
    other.join();
}

void measure_waking(costs& found) {
    constexpr int turns = 201;
    atomic<std::uint32_t> word{0};
    std::vector<time_point> woken(turns);
    std::vector<ticks> calls;
    std::vector<ticks> latencies;
    std::thread sleeper([&] {
        for (std::uint32_t i = 0; i != turns; ++i) {
            word.wait(i, std::memory_order_acquire);
            woken[i] = now();
        }
    });
    std::vector<time_point> called(turns);
    for (std::uint32_t i = 0; i != turns; ++i) {
        pause_for(300'000);
        called[i] = now();
        word.store(i + 1, std::memory_order_release);
        word.notify_one();
        calls.push_back(since(called[i]));
    }
    sleeper.join();
    for (std::size_t i = 0; i != turns; ++i)
        latencies.push_back(static_cast<ticks>((woken[i] - called[i]).count()) * ns);
    found.wake_call = middle(calls);
    found.wake = middle(latencies);
}

void measure_threads_and_beats(costs& found) {
    std::vector<ticks> starts;
    for (int i = 0; i != 51; ++i) {
        const time_point from = now();
        std::thread one([] {});
        starts.push_back(since(from));
        one.join();
    }
    found.start_thread = middle(starts);

    std::vector<ticks> late;
    std::thread([&] {
        ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
        for (int i = 0; i != 501; ++i) {
            const time_point from = now();
            pause_for(found.beat / ns);
            late.push_back(since(from) - found.beat);
        }
    }).join();
    found.beat_late = middle(late);
}

}  // namespace

costs measure_costs() {
    costs found;
    measure_forks(found);
    measure_line(found);
    measure_waking(found);
    measure_threads_and_beats(found);
    futex_mutex lock;
    found.lock = to_ticks(each(10'000, [&] {
        lock.lock();
        lock.unlock();
    }));
    return found;
}

}  // namespace twill::inline TWILL_ABI::bench
