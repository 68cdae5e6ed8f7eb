// Sleeping and looking at clocks.
#include "scenario.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <cassert>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <ctime>
#include <mutex>
#include <random>
#include <thread>

namespace {

using namespace std::chrono_literals;

void sleeps_for_a_day() {
    const auto before = std::chrono::steady_clock::now();
    std::thread other([] { std::this_thread::sleep_for(25h); });
    std::this_thread::sleep_for(24h);
    other.join();
    const auto took = std::chrono::steady_clock::now() - before;
    assert(took >= 25h && took < 24h + 25h + 1min);
}

// Nobody writes anything meanwhile, and yet it ends.
void sleeps_again_and_again() {
    for (int i = 0; i != 2500; ++i) std::this_thread::sleep_for(1ms);
}

// The clocks agree with each other, and with the schedule alone.
void shows_the_same_time_always() {
    const std::time_t now = std::time(nullptr);
    assert(now == 1'700'000'000);
    timespec precise{};
    clock_gettime(CLOCK_REALTIME, &precise);
    assert(precise.tv_sec == now);
}

// Whoever sleeps longer is not always later: another may keep it from running.
void relies_on_sleep() {
    std::mutex lock;
    int value = 0;
    std::thread writer([&] {
        const std::lock_guard held(lock);
        value = 1;
    });
    std::this_thread::sleep_for(100ms);
    {
        const std::lock_guard held(lock);
        assert(value == 1);
    }
    writer.join();
}

// Whatever it is asked of.
void draws_the_same_numbers_always() {
    std::random_device device;
    assert(device() == 0x7b1dcdaf);
    std::uint32_t one = 0, other = 0;
    assert(getrandom(&one, sizeof one, 0) == sizeof one);
    assert(getentropy(&other, sizeof other) == 0);
    assert(one == 0xa1b965f4 && other == 0x8009454f);
}

// Its loop has no end of its own, and is no spin loop.
void works_until_another_has_slept() {
    std::mutex lock;
    bool stop = false;
    int rounds = 0;
    std::thread works([&] {
        for (;;) {
            const std::lock_guard hold(lock);
            ++rounds;
            if (stop) return;
        }
    });
    std::this_thread::sleep_for(1s);
    {
        const std::lock_guard hold(lock);
        stop = true;
    }
    works.join();
}

// The limit is for the case that all hangs.
void trusts_in(std::chrono::seconds limit) {
    std::mutex lock;
    std::condition_variable changed;
    int rounds = 0;
    std::thread works([&] {
        for (int i = 0; i != 50; ++i) {
            const std::lock_guard hold(lock);
            ++rounds;
        }
        changed.notify_one();
    });
    {
        std::unique_lock hold(lock);
        assert(changed.wait_for(hold, limit, [&] { return rounds == 50; }));
    }
    works.join();
}

void trusts_in_a_minute() { trusts_in(60s); }
void trusts_in_a_second() { trusts_in(1s); }

void waits_for_the_clock() {
    const auto until = std::chrono::steady_clock::now() + 2s;
    while (std::chrono::steady_clock::now() < until) {
    }
}

}  // namespace

int main(int argc, char** argv) {
    const scenario all[] = {
        {"sleeps_for_a_day", sleeps_for_a_day},
        {"sleeps_again_and_again", sleeps_again_and_again},
        {"shows_the_same_time_always", shows_the_same_time_always},
        {"works_until_another_has_slept", works_until_another_has_slept},
        {"trusts_in_a_minute", trusts_in_a_minute},
        {"trusts_in_a_second", trusts_in_a_second},
        {"draws_the_same_numbers_always", draws_the_same_numbers_always},
        {"relies_on_sleep", relies_on_sleep},
        {"waits_for_the_clock", waits_for_the_clock},
    };
    return run_scenario(argc, argv, all);
}
