// A result is published by a relaxed flag: right in every interleaving, and yet a race by C++'s
// rules.
//
// bug: data race, missing release and acquire
// from: Boehm, Adve, "Foundations of the C++ concurrency memory model" (PLDI 2008)
// expect: race
// mode: memory

#include <atomic>
#include <cassert>
#include <thread>

#ifdef FIXED
static constexpr auto publish = std::memory_order_release;
static constexpr auto observe = std::memory_order_acquire;
#else
static constexpr auto publish = std::memory_order_relaxed;
static constexpr auto observe = std::memory_order_relaxed;
#endif

struct reply {
    int status = 0;
    std::atomic<bool> complete = false;
};

int main() {
    reply r;
    std::thread network([&] {
        r.status = 200;
        r.complete.store(true, publish);
    });
    int polls = 0;
    while (!r.complete.load(observe) && ++polls < 100'000) std::this_thread::yield();
    if (r.complete.load(observe)) assert(r.status == 200);
    network.join();
}
