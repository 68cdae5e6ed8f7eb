// Condition variables, used well and badly.
#include "scenario.hpp"

#include <cassert>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

std::mutex lock;
std::condition_variable changed;
bool ready = false;
std::deque<int> queue;

void announce() {
    {
        const std::lock_guard held(lock);
        ready = true;
    }
    changed.notify_one();
}

// Looks, lets go, and waits: an announcement in between is lost.
void forgets_to_look_again() {
    std::thread other(announce);
    bool seen = false;
    {
        const std::lock_guard held(lock);
        seen = ready;
    }
    if (!seen) {
        std::unique_lock held(lock);
        changed.wait(held);
    }
    other.join();
}

void looks_under_the_lock() {
    std::thread other(announce);
    {
        std::unique_lock held(lock);
        changed.wait(held, [] { return ready; });
    }
    other.join();
}

// `if` instead of `while`: a wake-up without reason, or another who was faster, finds it empty.
void takes_after_one_look() {
    const auto take = [] {
        std::unique_lock held(lock);
        if (queue.empty()) changed.wait(held);
        assert(!queue.empty());
        queue.pop_front();
    };
    std::thread a(take);
    std::thread b(take);
    for (int i = 0; i < 2; ++i) {
        {
            const std::lock_guard held(lock);
            queue.push_back(i);
        }
        changed.notify_one();
    }
    a.join();
    b.join();
}

void takes_after_looking_again() {
    const auto take = [] {
        std::unique_lock held(lock);
        while (queue.empty()) changed.wait(held);
        queue.pop_front();
    };
    std::thread a(take);
    std::thread b(take);
    for (int i = 0; i < 2; ++i) {
        {
            const std::lock_guard held(lock);
            queue.push_back(i);
        }
        changed.notify_one();
    }
    a.join();
    b.join();
    assert(queue.empty());
}

// A notification that came when nobody waited, and has nothing to do with who waits.
void waits_for_what_nobody_does() {
    changed.notify_one();
    std::thread other([] {
        std::unique_lock held(lock);
        changed.wait(held, [] { return ready; });
    });
    other.join();
}

// The same at one condition, and at the other one that does.
void loses_one_of_two() {
    static std::condition_variable others;
    others.notify_one();
    announce();
    std::thread a([] {
        std::unique_lock held(lock);
        others.wait(held, [] { return queue.size() == 1; });
    });
    std::thread b([] {
        std::unique_lock held(lock);
        changed.wait(held);
    });
    a.join();
    b.join();
}

// Nobody waits for the first notification; the second, for two who wait, reaches one of them.
void notifies_too_few_again() {
    changed.notify_one();
    const auto wait = [] {
        std::unique_lock held(lock);
        changed.wait(held, [] { return ready; });
    };
    std::thread a(wait);
    std::thread b(wait);
    announce();
    a.join();
    b.join();
}

// One notification for two who wait.
void notifies_too_few() {
    int passed = 0;
    const auto wait = [&] {
        std::unique_lock held(lock);
        changed.wait(held, [] { return ready; });
        ++passed;
    };
    std::thread a(wait);
    std::thread b(wait);
    announce();
    a.join();
    b.join();
    assert(passed == 2);
}

void waits_with_a_limit() {
    std::unique_lock held(lock);
    const auto before = std::chrono::steady_clock::now();
    assert(!changed.wait_for(held, 250ms, [] { return ready; }));
    const auto took = std::chrono::steady_clock::now() - before;
    assert(took >= 250ms && took < 300ms);
    const auto later = std::chrono::system_clock::now() + 1h;
    assert(!changed.wait_until(held, later, [] { return ready; }));
    assert(std::chrono::system_clock::now() >= later);
}

}  // namespace

int main(int argc, char** argv) {
    const scenario all[] = {
        {"forgets_to_look_again", forgets_to_look_again},
        {"looks_under_the_lock", looks_under_the_lock},
        {"takes_after_one_look", takes_after_one_look},
        {"takes_after_looking_again", takes_after_looking_again},
        {"notifies_too_few", notifies_too_few},
        {"notifies_too_few_again", notifies_too_few_again},
        {"waits_for_what_nobody_does", waits_for_what_nobody_does},
        {"loses_one_of_two", loses_one_of_two},
        {"waits_with_a_limit", waits_with_a_limit},
    };
    return run_scenario(argc, argv, all);
}
