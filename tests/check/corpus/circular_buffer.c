// One thread puts into a circular buffer and one takes out; both change the count without a lock.
//
// bug: data race on a shared counter
// from: circular_buffer in Thomson, Donaldson, Betts, "Concurrency testing using schedule
//     bounding" (PPoPP 2014)
// expect: race assertion hang
// mode: memory

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

enum { slots = 2, items = 4 };

static int buffer[slots];
static int count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void enter(void) {
#ifdef FIXED
    pthread_mutex_lock(&mutex);
#endif
}

static void leave(void) {
#ifdef FIXED
    pthread_mutex_unlock(&mutex);
#endif
}

static bool put(int item, int place) {
    enter();
    bool room = count < slots;
    if (room) {
        buffer[place % slots] = item;
        count++;
    }
    leave();
    return room;
}

static bool take(int* item, int place) {
    enter();
    bool some = count > 0;
    if (some) {
        *item = buffer[place % slots];
        count--;
    }
    leave();
    return some;
}

static void* produce(void* unused) {
    (void)unused;
    for (int i = 0; i < items; i++) {
        for (int tries = 0; !put(i, i) && tries < 1000000; tries++) sched_yield();
    }
    return NULL;
}

int main(void) {
    (void)mutex;
    pthread_t producer;
    pthread_create(&producer, NULL, produce, NULL);
    for (int i = 0; i < items; i++) {
        int item = -1;
        for (int tries = 0; !take(&item, i) && tries < 1000000; tries++) sched_yield();
        assert(item == i);
    }
    pthread_join(producer, NULL);
    return 0;
}
