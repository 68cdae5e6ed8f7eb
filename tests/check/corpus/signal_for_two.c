// Two threads wait for the end of the same download, and only one of them is told.
//
// bug: signal where broadcast is needed
// from: Birrell, "An introduction to programming with threads" (1989), using broadcast
// expect: deadlock misuse
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t finished = PTHREAD_COND_INITIALIZER;
static bool is_finished;
static int size;

static void* download(void* unused) {
    (void)unused;
    pthread_mutex_lock(&mutex);
    size = 4096;
    is_finished = true;
#ifdef FIXED
    pthread_cond_broadcast(&finished);
#else
    pthread_cond_signal(&finished);
#endif
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void* show(void* unused) {
    (void)unused;
    pthread_mutex_lock(&mutex);
    while (!is_finished) pthread_cond_wait(&finished, &mutex);
    assert(size == 4096);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

int main(void) {
    pthread_t threads[3];
    pthread_create(&threads[0], NULL, show, NULL);
    pthread_create(&threads[1], NULL, show, NULL);
    pthread_create(&threads[2], NULL, download, NULL);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    return 0;
}
