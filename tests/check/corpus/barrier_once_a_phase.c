// Cells take their neighbours' values and write their own, with one barrier a phase instead of
// two.
//
// bug: missing synchronisation between reading and the next writing
// from: Chandra et al., "Parallel Programming in OpenMP" (2001), barriers of a Jacobi iteration
// expect: assertion
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stddef.h>

enum { cells = 2, phases = 2 };

static pthread_barrier_t barrier;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int values[cells] = {1, 2};

static int get(int cell) {
    pthread_mutex_lock(&mutex);
    int value = values[cell];
    pthread_mutex_unlock(&mutex);
    return value;
}

static void set(int cell, int value) {
    pthread_mutex_lock(&mutex);
    values[cell] = value;
    pthread_mutex_unlock(&mutex);
}

// In each phase the two cells exchange their values.
static void* run(void* argument) {
    int me = *(int*)argument;
    for (int phase = 0; phase < phases; phase++) {
        int neighbour = get(1 - me);
#ifdef FIXED
        pthread_barrier_wait(&barrier);
#endif
        set(me, neighbour);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

int main(void) {
    static int numbers[cells] = {0, 1};
    pthread_t threads[cells];
    pthread_barrier_init(&barrier, NULL, cells);
    for (int i = 0; i < cells; i++) pthread_create(&threads[i], NULL, run, &numbers[i]);
    for (int i = 0; i < cells; i++) pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&barrier);
    assert(values[0] == 1 && values[1] == 2);
    return 0;
}
