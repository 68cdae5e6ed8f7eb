// Background work gives way while urgent work is announced, with the lock that the latter wants.
//
// bug: hang, priority inversion
// from: Jones, "What really happened on Mars?" (1997), Pathfinder; Lampson, Redell, "Experience
//     with processes and monitors in Mesa" (1980), on priorities
// expect: hang deadlock
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

static pthread_mutex_t bus = PTHREAD_MUTEX_INITIALIZER;
static atomic_int urgent;
static int published;

static void give_way(void) {
    while (atomic_load(&urgent) > 0) sched_yield();
}

static void* meteorology(void* unused) {
    (void)unused;
    for (int i = 0; i < 2; i++) {
#ifdef FIXED
        give_way();
        pthread_mutex_lock(&bus);
#else
        pthread_mutex_lock(&bus);
        give_way();
#endif
        published++;
        pthread_mutex_unlock(&bus);
    }
    return NULL;
}

static void* bus_distribution(void* unused) {
    (void)unused;
    atomic_fetch_add(&urgent, 1);
    pthread_mutex_lock(&bus);
    assert(published <= 2);
    pthread_mutex_unlock(&bus);
    atomic_fetch_sub(&urgent, 1);
    return NULL;
}

int main(void) {
    pthread_t low, high;
    pthread_create(&low, NULL, meteorology, NULL);
    pthread_create(&high, NULL, bus_distribution, NULL);
    pthread_join(low, NULL);
    pthread_join(high, NULL);
    return 0;
}
