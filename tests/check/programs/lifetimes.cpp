// Primitives on the heap that go before their last user.
#include "scenario.hpp"

#include <pthread.h>
#include <semaphore.h>

#include <cassert>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace {

struct completion {
    std::mutex lock;
    std::condition_variable changed;
    bool done = false;
};

// The one who waits frees it. If it is notified under the lock, nobody uses it any more by then.
void complete(bool under_the_lock) {
    auto shared = std::make_unique<completion>();
    std::thread completes([&, each = shared.get()] {
        std::unique_lock hold(each->lock);
        each->done = true;
        if (!under_the_lock) hold.unlock();
        each->changed.notify_one();
    });
    {
        std::unique_lock hold(shared->lock);
        shared->changed.wait(hold, [&] { return shared->done; });
    }
    shared.reset();
    completes.join();
}

void notifies_what_is_gone() { complete(false); }
void notifies_under_the_lock() { complete(true); }

// A thread waits for a mutex whose holder frees it. Nobody will ever wake it.
void frees_a_mutex_that_is_waited_for() {
    auto lock = std::make_unique<std::mutex>();
    lock->lock();
    std::thread waits([each = lock.get()] {
        each->lock();
        each->unlock();
    });
    std::this_thread::yield();
    lock.reset();
    waits.join();
}

void posts_what_is_gone() {
    auto* const counter = new sem_t;
    sem_init(counter, 0, 0);
    std::thread waits([counter] {
        sem_wait(counter);
        delete counter;
    });
    sem_post(counter);
    sem_post(counter);
    waits.join();
}

constexpr scenario all[] = {
    {"notifies_what_is_gone", notifies_what_is_gone},
    {"notifies_under_the_lock", notifies_under_the_lock},
    {"frees_a_mutex_that_is_waited_for", frees_a_mutex_that_is_waited_for},
    {"posts_what_is_gone", posts_what_is_gone},
};

}  // namespace

int main(int argc, char** argv) { return run_scenario(argc, argv, all); }
