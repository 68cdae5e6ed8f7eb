// What happens between an operation by which a thread lets others go on, and its next one.
#include "scenario.hpp"

#include <pthread.h>
#include <semaphore.h>

#include <cassert>
#include <mutex>
#include <thread>

namespace {

struct counter {
    std::mutex lock;
    int users = 2;
    int value = 1;
};

// Whoever is last resets it. The other one looks at it under no lock any more.
void drop(counter& shared, bool inside) {
    bool last = false;
    int seen = 0;
    {
        const std::lock_guard hold(shared.lock);
        last = --shared.users == 0;
        if (inside) seen = shared.value;
    }
    if (!inside) seen = shared.value;
    assert(seen == 1);
    if (last) shared.value = 0;
}

void both_drop(bool inside) {
    counter shared;
    std::thread a([&] { drop(shared, inside); });
    std::thread b([&] { drop(shared, inside); });
    a.join();
    b.join();
}

void looks_behind_the_unlock() { both_drop(false); }
void looks_before_the_unlock() { both_drop(true); }

// The value is set for who is let go, a moment too late or in time.
void hand_over(bool in_time) {
    static sem_t ready;
    static int value = 0;
    sem_init(&ready, 0, 0);
    std::thread takes([] {
        sem_wait(&ready);
        assert(value == 1);
    });
    if (in_time) value = 1;
    sem_post(&ready);
    value = 1;
    takes.join();
}

void sets_behind_the_post() { hand_over(false); }
void sets_before_the_post() { hand_over(true); }

constexpr scenario all[] = {
    {"looks_behind_the_unlock", looks_behind_the_unlock},
    {"looks_before_the_unlock", looks_before_the_unlock},
    {"sets_behind_the_post", sets_behind_the_post},
    {"sets_before_the_post", sets_before_the_post},
};

}  // namespace

int main(int argc, char** argv) { return run_scenario(argc, argv, all); }
