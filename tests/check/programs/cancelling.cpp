// Threads that are cancelled.
#include "scenario.hpp"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <ctime>

namespace {

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
int cleaned_up = 0;

void unlock(void* /*nothing*/) {
    ++cleaned_up;
    pthread_mutex_unlock(&lock);
}

void* wait_and_clean_up(void* /*nothing*/) {
    pthread_mutex_lock(&lock);
    pthread_cleanup_push(unlock, nullptr);
    for (;;) pthread_cond_wait(&changed, &lock);
    pthread_cleanup_pop(0);
    return nullptr;
}

void* wait_and_leave_it_locked(void* /*nothing*/) {
    pthread_mutex_lock(&lock);
    for (;;) pthread_cond_wait(&changed, &lock);
    return nullptr;
}

void cancel(void* (*function)(void*)) {
    pthread_t waits;
    pthread_create(&waits, nullptr, function, nullptr);
    sched_yield();
    pthread_cancel(waits);
    void* result = nullptr;
    pthread_join(waits, &result);
    assert(result == PTHREAD_CANCELED);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

void in_a_wait_with_cleanup() {
    cancel(wait_and_clean_up);
    // It may have been cancelled before it came so far.
    assert(cleaned_up <= 1);
}
void in_a_wait_without_cleanup() { cancel(wait_and_leave_it_locked); }

void in_a_sleep_a_read_and_a_semaphore() {
    static int ends[2];
    static sem_t never_posted;
    assert(pipe(ends) == 0);
    sem_init(&never_posted, 0, 0);
    void* (*const all[])(void*) = {
        [](void*) -> void* {
            for (;;) sleep(1000);
        },
        [](void*) -> void* {
            char got = 0;
            static_cast<void>(!read(ends[0], &got, 1));
            return nullptr;
        },
        [](void*) -> void* {
            sem_wait(&never_posted);
            return nullptr;
        },
        [](void*) -> void* {
            for (;;) pthread_testcancel();
        },
    };
    for (auto* const each : all) cancel(each);
}

void not_while_disabled() {
    pthread_t works;
    static int done = 0;
    pthread_create(
        &works, nullptr,
        [](void*) -> void* {
            int before = 0;
            pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
            assert(before == PTHREAD_CANCEL_ENABLE);
            usleep(1000);
            done = 1;
            pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr);
            for (;;) usleep(1000);
        },
        nullptr);
    usleep(10);
    pthread_cancel(works);
    pthread_join(works, nullptr);
    static_cast<void>(done);
}

void joins_in_a_while() {
    pthread_t works;
    pthread_create(&works, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
    int error = pthread_tryjoin_np(works, nullptr);
    assert(error == 0 || error == EBUSY);
    if (error == 0) return;
    timespec soon{};
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec = 0;
    error = pthread_timedjoin_np(works, nullptr, &soon);
    assert(error == 0 || error == ETIMEDOUT);
    if (error != 0) assert(pthread_join(works, nullptr) == 0);
}

constexpr scenario all[] = {
    {"in_a_wait_with_cleanup", in_a_wait_with_cleanup},
    {"in_a_wait_without_cleanup", in_a_wait_without_cleanup},
    {"in_a_sleep_a_read_and_a_semaphore", in_a_sleep_a_read_and_a_semaphore},
    {"not_while_disabled", not_while_disabled},
    {"joins_in_a_while", joins_in_a_while},
};

}  // namespace

int main(int argc, char** argv) { return run_scenario(argc, argv, all); }
