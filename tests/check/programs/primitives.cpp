// Each of the other primitives, doing what it is for, and misused.
#include "scenario.hpp"

#include <pthread.h>
#include <semaphore.h>

#include <atomic>
#include <barrier>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

void in_two_threads(void (*work)()) {
    std::thread a(work);
    std::thread b(work);
    a.join();
    b.join();
}

void semaphore_counts() {
    static sem_t free_places;
    static int inside = 0;
    sem_init(&free_places, 0, 1);
    in_two_threads([] {
        sem_wait(&free_places);
        ++inside;
        assert(inside == 1);
        std::this_thread::yield();
        --inside;
        sem_post(&free_places);
    });
    assert(sem_trywait(&free_places) == 0);
    assert(sem_trywait(&free_places) == -1 && errno == EAGAIN);
    timespec soon{};
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec += 5;
    assert(sem_timedwait(&free_places, &soon) == -1 && errno == ETIMEDOUT);
}

void semaphore_is_never_posted() {
    std::counting_semaphore<4> none(0);
    std::thread waits([&] { none.acquire(); });
    waits.join();
}

// A condition wait gives up one level of a recursive mutex, so this one keeps it.
void waits_with_a_mutex_locked_twice() {
    static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    static bool ready = false;
    pthread_mutex_lock(&lock);
    std::thread sets([] {
        pthread_mutex_lock(&lock);
        ready = true;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
    });
    pthread_mutex_lock(&lock);
    while (!ready) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    pthread_mutex_unlock(&lock);
    sets.join();
}

// More than any table of theirs has room for at its start.
void many_mutexes_are_told_apart() {
    static std::mutex all[1000];
    static int values[1000];
    in_two_threads([] {
        for (int i = 0; i != 1000; ++i) {
            const std::lock_guard hold(all[i]);
            ++values[i];
        }
    });
    for (const int each : values) assert(each == 2);
}

void barrier_lets_all_go_at_once() {
    static pthread_barrier_t meeting;
    static std::atomic<int> arrived = 0;
    static std::atomic<int> last = 0;
    pthread_barrier_init(&meeting, nullptr, 2);
    in_two_threads([] {
        for (int round = 1; round <= 3; ++round) {
            ++arrived;
            if (pthread_barrier_wait(&meeting) == PTHREAD_BARRIER_SERIAL_THREAD) ++last;
            assert(arrived >= 2 * round);
            pthread_barrier_wait(&meeting);
        }
    });
    assert(last == 3);
    pthread_barrier_destroy(&meeting);
}

// Once it has gone through, everybody has arrived.
void barrier_is_used_anew_by_the_last() {
    static pthread_barrier_t meeting;
    static std::atomic<int> through = 0;
    pthread_barrier_init(&meeting, nullptr, 3);
    const auto meet = [] {
        if (pthread_barrier_wait(&meeting) == PTHREAD_BARRIER_SERIAL_THREAD) {
            pthread_barrier_destroy(&meeting);
            pthread_barrier_init(&meeting, nullptr, 3);
        }
        ++through;
    };
    std::thread one(meet);
    in_two_threads(meet);
    one.join();
    assert(through == 3);
}

void standard_barrier_and_latch() {
    std::barrier meeting(2);
    std::latch done(2);
    std::thread other([&] {
        meeting.arrive_and_wait();
        done.count_down();
    });
    meeting.arrive_and_wait();
    done.count_down();
    done.wait();
    other.join();
}

void readers_share_and_writers_do_not() {
    static std::shared_mutex lock;
    static int readers = 0;
    static bool writing = false;
    std::thread writer([] {
        const std::unique_lock held(lock);
        writing = true;
        assert(readers == 0);
        std::this_thread::yield();
        writing = false;
    });
    in_two_threads([] {
        const std::shared_lock held(lock);
        ++readers;
        assert(!writing);
        std::this_thread::yield();
        --readers;
    });
    writer.join();
    assert(lock.try_lock_shared());
    assert(!lock.try_lock());
    lock.unlock_shared();
}

// Both read, and both want to write without letting go.
void two_readers_upgrade() {
    static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    in_two_threads([] {
        pthread_rwlock_rdlock(&lock);
        pthread_rwlock_wrlock(&lock);
        pthread_rwlock_unlock(&lock);
        pthread_rwlock_unlock(&lock);
    });
}

void once_runs_once() {
    static std::once_flag flag;
    static int runs = 0;
    in_two_threads([] { std::call_once(flag, [] { ++runs; }); });
    assert(runs == 1);
}

void once_runs_again_after_an_exception() {
    static std::once_flag flag;
    static std::atomic<int> runs = 0;
    in_two_threads([] {
        try {
            std::call_once(flag, [] {
                if (++runs == 1) throw std::runtime_error("not yet");
            });
        } catch (const std::runtime_error&) {
        }
    });
    std::call_once(flag, [] { ++runs; });
    assert(runs == 2);
}

struct slow_to_make {
    slow_to_make() {
        std::this_thread::yield();
        value = 7;
    }
    int value = 0;
};

void local_statics_are_made_once() {
    in_two_threads([] {
        static const slow_to_make one;
        assert(one.value == 7);
    });
}

void spin_lock_excludes() {
    static pthread_spinlock_t lock;
    static int inside = 0;
    pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
    in_two_threads([] {
        pthread_spin_lock(&lock);
        ++inside;
        assert(inside == 1);
        std::this_thread::yield();
        --inside;
        pthread_spin_unlock(&lock);
    });
}

void atomic_wait_and_notify() {
    std::atomic<int> turn = 0;
    std::thread other([&] {
        turn.wait(0);
        turn = 2;
        turn.notify_one();
    });
    turn = 1;
    turn.notify_one();
    turn.wait(1);
    assert(turn == 2);
    other.join();
}

void atomic_wait_is_never_notified() {
    std::atomic<int> turn = 0;
    std::thread other([&] { turn.wait(0); });
    other.join();
}

void futures_and_async() {
    std::promise<int> made;
    auto wanted = made.get_future();
    std::thread other([&] { made.set_value(5); });
    auto twice = std::async(std::launch::async, [&] { return 2 * wanted.get(); });
    assert(twice.get() == 10);
    other.join();
}

void recursive_and_timed_mutexes() {
    std::recursive_mutex deep;
    const std::lock_guard outer(deep);
    const std::lock_guard inner(deep);
    std::timed_mutex timed;
    timed.lock();
    std::thread other([&] {
        assert(!timed.try_lock_for(10ms));
        assert(!deep.try_lock());
    });
    other.join();
    timed.unlock();
}

void errorcheck_mutex_says_so() {
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_t lock;
    pthread_mutex_init(&lock, &kind);
    assert(pthread_mutex_unlock(&lock) == EPERM);
    assert(pthread_mutex_lock(&lock) == 0);
    assert(pthread_mutex_lock(&lock) == EDEADLK);
    assert(pthread_mutex_unlock(&lock) == 0);
    assert(pthread_mutex_destroy(&lock) == 0);
}

void robust_mutex_outlives_its_owner() {
    static pthread_mutex_t lock;
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&lock, &kind);
    std::thread dies([] { pthread_mutex_lock(&lock); });
    dies.join();
    assert(pthread_mutex_lock(&lock) == EOWNERDEAD);
    assert(pthread_mutex_consistent(&lock) == 0);
    assert(pthread_mutex_unlock(&lock) == 0);
    assert(pthread_mutex_lock(&lock) == 0);
    assert(pthread_mutex_unlock(&lock) == 0);
}

// More than are kept of a thread.
void holds_many_locks() {
    constexpr int many = 40;
    static pthread_rwlock_t shared[many];
    static pthread_spinlock_t spinning[many];
    for (int i = 0; i != many; ++i) {
        pthread_rwlock_init(&shared[i], nullptr);
        pthread_spin_init(&spinning[i], PTHREAD_PROCESS_PRIVATE);
    }
    in_two_threads([] {
        for (int i = 0; i != many; ++i) {
            pthread_rwlock_rdlock(&shared[i]);
            pthread_spin_lock(&spinning[i]);
        }
        for (int i = 0; i != many; ++i) {
            pthread_spin_unlock(&spinning[i]);
            pthread_rwlock_unlock(&shared[i]);
        }
    });
}

pthread_mutex_t misused = PTHREAD_MUTEX_INITIALIZER;

void unlocks_what_another_holds() {
    pthread_mutex_lock(&misused);
    std::thread other([] { pthread_mutex_unlock(&misused); });
    other.join();
}

void locks_twice() {
    pthread_mutex_lock(&misused);
    pthread_mutex_lock(&misused);
}

void destroys_while_held() {
    pthread_mutex_lock(&misused);
    pthread_mutex_destroy(&misused);
}

void leaves_a_thread_behind() {
    pthread_t thread{};
    pthread_create(&thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
}

// As thread pools do that are static objects.
void joins_in_a_static_destructor() {
    static std::jthread works([] { std::this_thread::yield(); });
}

void joins_twice() {
    pthread_t thread{};
    pthread_create(&thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
    pthread_join(thread, nullptr);
    pthread_join(thread, nullptr);
}

// Never at the same time, so it never deadlocks in a run of which little is known.
void takes_locks_in_both_orders() {
    static std::mutex a;
    static std::mutex b;
    static std::atomic<bool> first_is_done = false;
    std::thread one([] {
        const std::lock_guard outer(a);
        const std::lock_guard inner(b);
        first_is_done = true;
    });
    while (!first_is_done) std::this_thread::yield();
    {
        const std::lock_guard outer(b);
        const std::lock_guard inner(a);
    }
    one.join();
}

// Both orders, but under a third lock, or one after the other.
void takes_locks_in_both_orders_safely() {
    static std::mutex gate;
    static std::mutex a;
    static std::mutex b;
    std::thread one([] {
        const std::lock_guard alone(gate);
        const std::lock_guard outer(a);
        const std::lock_guard inner(b);
    });
    {
        const std::lock_guard alone(gate);
        const std::lock_guard outer(b);
        const std::lock_guard inner(a);
    }
    one.join();
    const std::lock_guard outer(b);
    const std::lock_guard inner(a);
}

// Readers do not wait for each other.
void reads_in_both_orders() {
    static std::shared_mutex a;
    static std::shared_mutex b;
    std::thread one([] {
        const std::shared_lock outer(a);
        const std::shared_lock inner(b);
    });
    {
        const std::shared_lock outer(b);
        const std::shared_lock inner(a);
    }
    one.join();
}

// But writers for them.
void reads_and_writes_in_both_orders() {
    static std::shared_mutex a;
    static std::shared_mutex b;
    static std::atomic<bool> first_is_done = false;
    std::thread one([] {
        {
            const std::shared_lock outer(a);
            const std::lock_guard inner(b);
        }
        first_is_done = true;
    });
    while (!first_is_done) std::this_thread::yield();
    {
        const std::shared_lock outer(b);
        const std::lock_guard inner(a);
    }
    one.join();
}

thread_local std::mutex* touched_at_end = nullptr;
struct toucher {
    ~toucher() {
        if (touched_at_end != nullptr) {
            const std::lock_guard held(*touched_at_end);
        }
    }
};
thread_local toucher at_end;

// What a thread does in destructors of its thread-local data belongs to its life.
void thread_local_destructors_lock() {
    static std::mutex lock;
    const std::lock_guard held(lock);
    std::thread other([] {
        touched_at_end = &lock;
        static_cast<void>(&at_end);
    });
    other.join();
}

void throws_out_of_a_thread() {
    std::thread other([] { throw std::runtime_error("nobody catches this"); });
    other.join();
}

}  // namespace

int main(int argc, char** argv) {
    const scenario all[] = {
        {"semaphore_counts", semaphore_counts},
        {"semaphore_is_never_posted", semaphore_is_never_posted},
        {"barrier_lets_all_go_at_once", barrier_lets_all_go_at_once},
        {"barrier_is_used_anew_by_the_last", barrier_is_used_anew_by_the_last},
        {"standard_barrier_and_latch", standard_barrier_and_latch},
        {"readers_share_and_writers_do_not", readers_share_and_writers_do_not},
        {"two_readers_upgrade", two_readers_upgrade},
        {"once_runs_once", once_runs_once},
        {"once_runs_again_after_an_exception", once_runs_again_after_an_exception},
        {"local_statics_are_made_once", local_statics_are_made_once},
        {"spin_lock_excludes", spin_lock_excludes},
        {"atomic_wait_and_notify", atomic_wait_and_notify},
        {"atomic_wait_is_never_notified", atomic_wait_is_never_notified},
        {"futures_and_async", futures_and_async},
        {"recursive_and_timed_mutexes", recursive_and_timed_mutexes},
        {"errorcheck_mutex_says_so", errorcheck_mutex_says_so},
        {"robust_mutex_outlives_its_owner", robust_mutex_outlives_its_owner},
        {"holds_many_locks", holds_many_locks},
        {"unlocks_what_another_holds", unlocks_what_another_holds},
        {"locks_twice", locks_twice},
        {"destroys_while_held", destroys_while_held},
        {"many_mutexes_are_told_apart", many_mutexes_are_told_apart},
        {"waits_with_a_mutex_locked_twice", waits_with_a_mutex_locked_twice},
        {"leaves_a_thread_behind", leaves_a_thread_behind},
        {"joins_in_a_static_destructor", joins_in_a_static_destructor},
        {"joins_twice", joins_twice},
        {"takes_locks_in_both_orders", takes_locks_in_both_orders},
        {"takes_locks_in_both_orders_safely", takes_locks_in_both_orders_safely},
        {"reads_in_both_orders", reads_in_both_orders},
        {"reads_and_writes_in_both_orders", reads_and_writes_in_both_orders},
        {"thread_local_destructors_lock", thread_local_destructors_lock},
        {"throws_out_of_a_thread", throws_out_of_a_thread},
    };
    return run_scenario(argc, argv, all);
}
