// Sleeping and looking at clocks.
#include "scenario.hpp"

#include <cassert>
#include <chrono>
#include <ctime>
#include <mutex>
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

void waits_for_the_clock() {
    const auto until = std::chrono::steady_clock::now() + 2s;
    while (std::chrono::steady_clock::now() < until) {
    }
}

}  // namespace

int main(int argc, char** argv) {
    const scenario all[] = {
        {"sleeps_for_a_day", sleeps_for_a_day},
        {"shows_the_same_time_always", shows_the_same_time_always},
        {"relies_on_sleep", relies_on_sleep},
        {"waits_for_the_clock", waits_for_the_clock},
    };
    return run_scenario(argc, argv, all);
}
