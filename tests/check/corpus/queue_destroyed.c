// The main thread frees the block queue when all blocks are done, not when its consumers are.
//
// bug: order violation, use after free of a mutex
// from: pbzip2 0.9.4, in Yu, Narayanasamy, "A case for an interleaving constrained shared-memory
//     multi-processor" (ISCA 2009)
// expect: crash misuse race
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { blocks = 3 };

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    int waiting[blocks];
    int count;
    int all_given;
};

static struct queue* fifo;
static pthread_mutex_t done_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t done_changed = PTHREAD_COND_INITIALIZER;
static int done;

static void* consume(void* unused) {
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&fifo->mutex);
        while (fifo->count == 0 && !fifo->all_given) pthread_cond_wait(&fifo->filled, &fifo->mutex);
        if (fifo->count == 0) {
            pthread_mutex_unlock(&fifo->mutex);
            return NULL;
        }
        fifo->count--;
        pthread_mutex_unlock(&fifo->mutex);

        pthread_mutex_lock(&done_mutex);
        done++;
        pthread_cond_signal(&done_changed);
        pthread_mutex_unlock(&done_mutex);
    }
}

int main(void) {
    fifo = calloc(1, sizeof *fifo);
    pthread_mutex_init(&fifo->mutex, NULL);
    pthread_cond_init(&fifo->filled, NULL);

    pthread_t consumer;
    pthread_create(&consumer, NULL, consume, NULL);
    for (int i = 0; i < blocks; i++) {
        pthread_mutex_lock(&fifo->mutex);
        fifo->waiting[fifo->count++] = i;
        if (i == blocks - 1) fifo->all_given = 1;
        pthread_cond_signal(&fifo->filled);
        pthread_mutex_unlock(&fifo->mutex);
    }

#ifdef FIXED
    pthread_join(consumer, NULL);
#else
    pthread_mutex_lock(&done_mutex);
    while (done < blocks) pthread_cond_wait(&done_changed, &done_mutex);
    pthread_mutex_unlock(&done_mutex);
#endif
    pthread_cond_destroy(&fifo->filled);
    pthread_mutex_destroy(&fifo->mutex);
    free(fifo);
    fifo = NULL;
#ifndef FIXED
    pthread_join(consumer, NULL);
#endif
    return 0;
}
