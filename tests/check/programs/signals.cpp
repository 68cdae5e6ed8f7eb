// Signals that threads send each other, and wait for.
#include "scenario.hpp"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <initializer_list>

namespace {

volatile sig_atomic_t handled = 0;
pthread_t handled_in;

void note_it(int /*number*/) {
    handled_in = pthread_self();
    handled = handled + 1;
}

void handle(int flags) {
    struct sigaction how{};
    how.sa_handler = note_it;
    how.sa_flags = flags;
    sigaction(SIGUSR1, &how, nullptr);
}

sigset_t only_usr1() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    return set;
}

// The handler runs in the thread that it was sent to, and ends its sleep.
void handler_runs_in_its_thread() {
    handle(0);
    pthread_t sleeps;
    pthread_create(
        &sleeps, nullptr,
        [](void*) -> void* {
            while (handled == 0) {
                const timespec day{86'400, 0};
                assert(nanosleep(&day, nullptr) == 0 || errno == EINTR);
            }
            assert(pthread_equal(handled_in, pthread_self()) != 0);
            return nullptr;
        },
        nullptr);
    pthread_kill(sleeps, SIGUSR1);
    pthread_join(sleeps, nullptr);
    assert(handled == 1);
}

void raise_is_handled_at_once() {
    handle(0);
    assert(raise(SIGUSR1) == 0);
    assert(handled == 1);
    const sigset_t set = only_usr1();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    raise(SIGUSR1);
    assert(handled == 1);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    assert(handled == 2);
}

// As a program does that has a thread for its signals.
void one_thread_takes_all() {
    const sigset_t set = only_usr1();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    pthread_t takes;
    pthread_create(
        &takes, nullptr,
        [](void*) -> void* {
            const sigset_t same = only_usr1();
            int number = 0;
            assert(sigwait(&same, &number) == 0 && number == SIGUSR1);
            return nullptr;
        },
        nullptr);
    kill(getpid(), SIGUSR1);
    pthread_join(takes, nullptr);
    const timespec soon{5, 0};
    assert(sigtimedwait(&set, nullptr, &soon) == -1 && errno == EAGAIN);
}

// Looks and sleeps in one step; or in two, and the signal comes in between.
void look_and_sleep(bool in_one_step) {
    handle(0);
    const sigset_t set = only_usr1();
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &set, &before);
    static pthread_t waits;
    waits = pthread_self();
    pthread_t sends;
    pthread_create(
        &sends, nullptr,
        [](void*) -> void* {
            pthread_kill(waits, SIGUSR1);
            return nullptr;
        },
        nullptr);
    if (in_one_step) {
        while (handled == 0) sigsuspend(&before);
    } else {
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        while (handled == 0) pause();
    }
    pthread_join(sends, nullptr);
}
void sigsuspend_looks_and_sleeps() { look_and_sleep(true); }
void pause_comes_too_late() { look_and_sleep(false); }

// A wait that is restarted, and one that is not.
void semaphore_is_interrupted_or_not(int flags) {
    static sem_t posted;
    static int error;
    error = 0;
    sem_init(&posted, 0, 0);
    handle(flags);
    pthread_t waits;
    pthread_create(
        &waits, nullptr,
        [](void*) -> void* {
            if (sem_wait(&posted) != 0) error = errno;
            return nullptr;
        },
        nullptr);
    pthread_kill(waits, SIGUSR1);
    sem_post(&posted);
    pthread_join(waits, nullptr);
    assert(error == 0 || (error == EINTR && (flags & SA_RESTART) == 0));
}
void restarted_wait_goes_on() { semaphore_is_interrupted_or_not(SA_RESTART); }
void wait_may_be_interrupted() { semaphore_is_interrupted_or_not(0); }

// A signal to the process is handled by one thread, and lets no other go on with what it waits for.
void process_signal_sets_nobody_free() {
    static sem_t posted;
    static pthread_t waits;
    sem_init(&posted, 0, 0);
    handle(SA_RESTART);
    pthread_create(
        &waits, nullptr,
        [](void*) -> void* {
            assert(sem_wait(&posted) == 0);
            return nullptr;
        },
        nullptr);
    pthread_t sends;
    pthread_create(
        &sends, nullptr,
        [](void*) -> void* {
            kill(getpid(), SIGUSR1);
            sem_post(&posted);
            return nullptr;
        },
        nullptr);
    pthread_join(waits, nullptr);
    pthread_join(sends, nullptr);
    int left = -1;
    sem_getvalue(&posted, &left);
    assert(left == 0 && handled == 1);
}

// Of two threads that wait for it, one takes it.
void one_of_two_takes_it() {
    static int taken = 0;
    const sigset_t set = only_usr1();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    pthread_t both[2];
    for (pthread_t& each : both)
        pthread_create(
            &each, nullptr,
            [](void*) -> void* {
                const sigset_t same = only_usr1();
                const timespec soon{5, 0};
                const int number = sigtimedwait(&same, nullptr, &soon);
                assert(number == SIGUSR1 || (number == -1 && errno == EAGAIN));
                if (number == SIGUSR1) ++taken;
                return nullptr;
            },
            nullptr);
    kill(getpid(), SIGUSR1);
    for (const pthread_t each : both) pthread_join(each, nullptr);
    assert(taken <= 1);
}

// A handler that takes a lock which its thread may hold.
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
void handler_takes_a_lock() {
    std::signal(SIGUSR1, [](int) {
        pthread_mutex_lock(&lock);
        pthread_mutex_unlock(&lock);
    });
    pthread_t works;
    pthread_create(
        &works, nullptr,
        [](void*) -> void* {
            pthread_mutex_lock(&lock);
            pthread_mutex_unlock(&lock);
            return nullptr;
        },
        nullptr);
    pthread_kill(works, SIGUSR1);
    pthread_join(works, nullptr);
}

// Blocked but for the wait, so that it comes there and nowhere else.
void poll_lets_a_signal_in() {
    handle(SA_RESTART);
    const sigset_t set = only_usr1();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    pthread_t waits;
    pthread_create(
        &waits, nullptr,
        [](void*) -> void* {
            int ends[2];
            assert(pipe(ends) == 0);
            pollfd one{ends[0], POLLIN, 0};
            sigset_t none;
            sigemptyset(&none);
            assert(ppoll(&one, 1, nullptr, &none) == -1 && errno == EINTR);
            assert(handled == 1);
            const timespec day{86'400, 0};
            assert(pselect(0, nullptr, nullptr, nullptr, &day, nullptr) == 0);
            const int epoll = epoll_create1(EPOLL_CLOEXEC);
            epoll_event event{};
            assert(epoll_pwait(epoll, &event, 1, -1, &none) == -1 && errno == EINTR);
            assert(handled == 2);
            return nullptr;
        },
        nullptr);
    pthread_kill(waits, SIGUSR1);
    while (handled != 1) usleep(1000);
    pthread_kill(waits, SIGUSR1);
    pthread_join(waits, nullptr);
}

int sum_of_values = 0;
void add_value(int /*number*/, siginfo_t* info, void* /*context*/) {
    assert(info->si_code == SI_QUEUE);
    sum_of_values = sum_of_values * 10 + info->si_value.sival_int;
}

// Real-time signals come as often as they were sent, in that order, each with its value.
void values_come_along() {
    struct sigaction how{};
    how.sa_sigaction = add_value;
    how.sa_flags = SA_SIGINFO;
    sigaction(SIGRTMIN, &how, nullptr);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    pthread_t sends;
    static pthread_t receives;
    receives = pthread_self();
    pthread_create(
        &sends, nullptr,
        [](void*) -> void* {
            for (const int value : {1, 2}) {
                sigval with{};
                with.sival_int = value;
                assert(pthread_sigqueue(receives, SIGRTMIN, with) == 0);
            }
            sigval with{};
            with.sival_int = 3;
            assert(sigqueue(getpid(), SIGRTMIN, with) == 0);
            return nullptr;
        },
        nullptr);
    siginfo_t info{};
    assert(sigwaitinfo(&set, &info) == SIGRTMIN);
    sum_of_values = info.si_value.sival_int;
    pthread_join(sends, nullptr);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    assert(sum_of_values == 123 || sum_of_values == 312);
}

void thread_is_meant_by_its_number() {
    handle(0);
    static std::atomic<pid_t> number;
    number = 0;
    pthread_t waits;
    pthread_create(
        &waits, nullptr,
        [](void*) -> void* {
            number = gettid();
            while (handled == 0) usleep(1000);
            assert(pthread_equal(handled_in, pthread_self()) != 0);
            return nullptr;
        },
        nullptr);
    while (number == 0) usleep(1000);
    assert(tgkill(getpid(), number, SIGUSR1) == 0);
    pthread_join(waits, nullptr);
    assert(handled == 1);
}

constexpr scenario all[] = {
    {"poll_lets_a_signal_in", poll_lets_a_signal_in},
    {"values_come_along", values_come_along},
    {"thread_is_meant_by_its_number", thread_is_meant_by_its_number},
    {"handler_runs_in_its_thread", handler_runs_in_its_thread},
    {"raise_is_handled_at_once", raise_is_handled_at_once},
    {"one_thread_takes_all", one_thread_takes_all},
    {"sigsuspend_looks_and_sleeps", sigsuspend_looks_and_sleeps},
    {"pause_comes_too_late", pause_comes_too_late},
    {"restarted_wait_goes_on", restarted_wait_goes_on},
    {"wait_may_be_interrupted", wait_may_be_interrupted},
    {"process_signal_sets_nobody_free", process_signal_sets_nobody_free},
    {"one_of_two_takes_it", one_of_two_takes_it},
    {"handler_takes_a_lock", handler_takes_a_lock},
};

}  // namespace

int main(int argc, char** argv) { return run_scenario(argc, argv, all); }
