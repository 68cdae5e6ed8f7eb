// The producer takes the mutex and then waits for a free slot: nobody can make one any more.
//
// bug: deadlock, semaphores taken in the wrong order
// from: Tanenbaum, "Modern Operating Systems", the bounded buffer with its two downs exchanged
// expect: deadlock
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>

enum { slots = 2, items = 4 };

static sem_t mutex, empty, full;
static int buffer[slots], in, out;

static void insert(int item) {
#ifdef FIXED
    sem_wait(&empty);
    sem_wait(&mutex);
#else
    sem_wait(&mutex);
    sem_wait(&empty);
#endif
    buffer[in] = item;
    in = (in + 1) % slots;
    sem_post(&mutex);
    sem_post(&full);
}

static int take_out(void) {
    sem_wait(&full);
    sem_wait(&mutex);
    int item = buffer[out];
    out = (out + 1) % slots;
    sem_post(&mutex);
    sem_post(&empty);
    return item;
}

static void* produce(void* unused) {
    (void)unused;
    for (int i = 0; i < items; i++) insert(i);
    return NULL;
}

int main(void) {
    sem_init(&mutex, 0, 1);
    sem_init(&empty, 0, slots);
    sem_init(&full, 0, 0);
    pthread_t producer;
    pthread_create(&producer, NULL, produce, NULL);
    for (int i = 0; i < items; i++) {
        int item = take_out();
        assert(item == i);
    }
    pthread_join(producer, NULL);
    sem_destroy(&mutex);
    sem_destroy(&empty);
    sem_destroy(&full);
    return 0;
}
