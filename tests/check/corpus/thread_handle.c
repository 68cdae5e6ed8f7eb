// The new thread uses its own handle, which its creator fills in only after pthread_create
// returned.
//
// bug: order violation, use before initialisation
// from: Mozilla nsThread::Init, in Lu, Park, Seo, Zhou, "Learning from mistakes" (ASPLOS 2008)
// expect: crash race
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct worker {
    pthread_t thread;
    int* counters;
    int steps;
};

static void* run(void* argument) {
    struct worker* self = argument;
    for (int i = 0; i < 3; i++) {
        self->counters[i] = i + 1;
        self->steps++;
    }
    return NULL;
}

static struct worker* start_worker(void) {
    struct worker* w = calloc(1, sizeof *w);
#ifdef FIXED
    w->counters = calloc(3, sizeof *w->counters);
    pthread_create(&w->thread, NULL, run, w);
#else
    pthread_create(&w->thread, NULL, run, w);
    w->counters = calloc(3, sizeof *w->counters);
#endif
    return w;
}

int main(void) {
    struct worker* w = start_worker();
    pthread_join(w->thread, NULL);
    assert(w->steps == 3 && w->counters[2] == 3);
    free(w->counters);
    free(w);
    return 0;
}
