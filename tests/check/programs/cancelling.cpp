// Threads that are cancelled.
#include "scenario.hpp"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <ctime>

// What a program calls that is compiled with _FORTIFY_SOURCE.
extern "C" {
ssize_t __read_chk(int, void*, std::size_t, std::size_t);
ssize_t __recv_chk(int, void*, std::size_t, std::size_t, int);
ssize_t __recvfrom_chk(int, void*, std::size_t, std::size_t, int, sockaddr*, socklen_t*);
int __poll_chk(pollfd*, nfds_t, int, std::size_t);
int __ppoll_chk(pollfd*, nfds_t, const timespec*, const sigset_t*, std::size_t);
}

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

void in_a_fortified_call() {
    static int ends[2];
    static int counter;
    static char got[8];
    assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    counter = eventfd(0, 0);
    void* (*const all[])(void*) = {
        [](void*) -> void* {
            static_cast<void>(!__read_chk(ends[0], got, 1, sizeof got));
            return nullptr;
        },
        [](void*) -> void* {
            static_cast<void>(!__recv_chk(ends[0], got, 1, sizeof got, 0));
            return nullptr;
        },
        [](void*) -> void* {
            static_cast<void>(!__recvfrom_chk(ends[0], got, 1, sizeof got, 0, nullptr, nullptr));
            return nullptr;
        },
        [](void*) -> void* {
            pollfd one{ends[0], POLLIN, 0};
            __poll_chk(&one, 1, -1, sizeof one);
            return nullptr;
        },
        [](void*) -> void* {
            pollfd one{ends[0], POLLIN, 0};
            __ppoll_chk(&one, 1, nullptr, nullptr, sizeof one);
            return nullptr;
        },
        [](void*) -> void* {
            eventfd_t value = 0;
            eventfd_read(counter, &value);
            return nullptr;
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
    {"in_a_fortified_call", in_a_fortified_call},
    {"not_while_disabled", not_while_disabled},
    {"joins_in_a_while", joins_in_a_while},
};

}  // namespace

int main(int argc, char** argv) { return run_scenario(argc, argv, all); }
