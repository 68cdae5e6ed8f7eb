// A hand-made barrier counts to zero again as its threads leave; a fast one is back before that.
//
// bug: a barrier that cannot be used twice
// from: Downey, "The Little Book of Semaphores", 3.6, barrier non-solution
// expect: assertion deadlock
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stddef.h>

enum { threads = 2, rounds = 2 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t full = PTHREAD_COND_INITIALIZER;
static int arrived;
#ifdef FIXED
static int generation;
#endif

static void barrier_wait(void) {
    pthread_mutex_lock(&mutex);
#ifdef FIXED
    int mine = generation;
    if (++arrived == threads) {
        arrived = 0;
        generation++;
        pthread_cond_broadcast(&full);
    }
    while (mine == generation) pthread_cond_wait(&full, &mutex);
#else
    if (++arrived == threads) {
        pthread_cond_broadcast(&full);
    } else {
        while (arrived < threads) pthread_cond_wait(&full, &mutex);
        arrived = 0;
    }
#endif
    pthread_mutex_unlock(&mutex);
}

static int reached[threads];
static pthread_mutex_t reached_mutex = PTHREAD_MUTEX_INITIALIZER;

static void* work(void* argument) {
    int me = *(int*)argument;
    for (int round = 0; round < rounds; round++) {
        pthread_mutex_lock(&reached_mutex);
        reached[me] = round;
        pthread_mutex_unlock(&reached_mutex);
        barrier_wait();
        pthread_mutex_lock(&reached_mutex);
        assert(reached[1 - me] >= round && "it has passed before the other came");
        pthread_mutex_unlock(&reached_mutex);
        barrier_wait();
    }
    return NULL;
}

int main(void) {
    static int numbers[threads] = {0, 1};
    pthread_t ids[threads];
    for (int i = 0; i < threads; i++) reached[i] = -1;
    for (int i = 0; i < threads; i++) pthread_create(&ids[i], NULL, work, &numbers[i]);
    for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL);
    return 0;
}
