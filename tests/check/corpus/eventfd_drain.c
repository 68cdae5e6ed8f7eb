// One read of an eventfd takes all wake-ups that have come; the loop handles one job for each
// read.
//
// bug: lost wake-up, several notifications in one
// from: eventfd(2), semantics of read without EFD_SEMAPHORE
// expect: deadlock hang
// mode: sync

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { jobs = 3 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int queue[jobs], queued, taken;
static int wake;

static void submit(int job) {
    pthread_mutex_lock(&mutex);
    queue[queued++] = job;
    pthread_mutex_unlock(&mutex);
    uint64_t one = 1;
    assert(write(wake, &one, sizeof one) == sizeof one);
}

static int take(int* job) {
    pthread_mutex_lock(&mutex);
    int some = taken < queued;
    if (some) *job = queue[taken++];
    pthread_mutex_unlock(&mutex);
    return some;
}

static void* loop(void* unused) {
    (void)unused;
    int done = 0, job;
    while (done < jobs) {
        struct pollfd ready = {.fd = wake, .events = POLLIN};
        assert(poll(&ready, 1, -1) == 1);
        uint64_t times;
        assert(read(wake, &times, sizeof times) == sizeof times);
#ifdef FIXED
        while (take(&job)) done++;
#else
        if (take(&job)) done++;
#endif
    }
    return NULL;
}

int main(void) {
    wake = eventfd(0, EFD_CLOEXEC);
    assert(wake >= 0);
    pthread_t thread;
    pthread_create(&thread, NULL, loop, NULL);
    for (int i = 0; i < jobs; i++) submit(i);
    pthread_join(thread, NULL);
    close(wake);
    return 0;
}
