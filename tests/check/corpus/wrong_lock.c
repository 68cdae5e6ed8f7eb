// Hits are counted under one lock and reset under another.
//
// bug: data race, the same data under different locks
// from: wronglock in Eytani et al. (2007) and in Thomson, Donaldson, Betts, "Concurrency testing
//     using schedule bounding" (PPoPP 2014)
// expect: race
// mode: memory

#include <assert.h>
#include <pthread.h>
#include <stddef.h>

static pthread_mutex_t hits_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t report_lock = PTHREAD_MUTEX_INITIALIZER;
static int hits;
static int reported;

static void* count_hits(void* unused) {
    (void)unused;
    for (int i = 0; i < 3; i++) {
        pthread_mutex_lock(&hits_lock);
        hits++;
        pthread_mutex_unlock(&hits_lock);
    }
    return NULL;
}

static void report(void) {
    pthread_mutex_lock(&report_lock);
#ifdef FIXED
    pthread_mutex_lock(&hits_lock);
#endif
    reported += hits;
    hits = 0;
#ifdef FIXED
    pthread_mutex_unlock(&hits_lock);
#endif
    pthread_mutex_unlock(&report_lock);
}

int main(void) {
    pthread_t counter;
    pthread_create(&counter, NULL, count_hits, NULL);
    report();
    pthread_join(counter, NULL);
    report();
    assert(reported == 3);
    return 0;
}
