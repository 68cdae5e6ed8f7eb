// A download manager's interrupt handler saves the progress that its threads are just counting.
//
// bug: data race between a signal handler and threads
// from: aget 0.4, in Yu, Narayanasamy, "A case for an interleaving constrained shared-memory
//     multi-processor" (ISCA 2009)
// expect: race assertion
// mode: memory

#define _GNU_SOURCE
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

static struct {
    pthread_mutex_t lock;
    long written;
    long remaining;
} progress = {PTHREAD_MUTEX_INITIALIZER, 0, 400};

static long saved_sum = 400;

static void save_progress(int signal) {
    (void)signal;
#ifdef FIXED
    pthread_mutex_lock(&progress.lock);
#endif
    saved_sum = progress.written + progress.remaining;
#ifdef FIXED
    pthread_mutex_unlock(&progress.lock);
#endif
}

static void* download(void* unused) {
    (void)unused;
    for (int i = 0; i < 2; i++) {
        pthread_mutex_lock(&progress.lock);
        progress.written += 100;
        progress.remaining -= 100;
        pthread_mutex_unlock(&progress.lock);
    }
    return NULL;
}

int main(void) {
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
#ifdef FIXED
    pthread_sigmask(SIG_BLOCK, &interrupt, NULL);
#else
    signal(SIGINT, save_progress);
#endif
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, download, NULL);
    pthread_kill(pthread_self(), SIGINT);
#ifdef FIXED
    int taken;
    sigwait(&interrupt, &taken);  // taken as an ordinary event, so it may lock
    save_progress(taken);
#endif
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    assert(saved_sum == 400);
    return 0;
}
