// A handler asks for the statistics under their lock, which the interrupted thread may be holding.
//
// bug: self-deadlock in a signal handler
// from: CERT SIG30-C, call only asynchronous-safe functions within signal handlers; CWE-479
// expect: deadlock misuse
// mode: sync

#define _GNU_SOURCE
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int requests;
static int printed = -1;

static void print_statistics(int signal) {
    (void)signal;
    pthread_mutex_lock(&mutex);
    printed = requests;
    pthread_mutex_unlock(&mutex);
}

static void* serve(void* unused) {
    (void)unused;
    for (int i = 0; i < 3; i++) {
        pthread_mutex_lock(&mutex);
        requests++;
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

int main(void) {
    pthread_t server;
#ifdef FIXED
    // The signal is blocked everywhere, and taken by the main thread when it wants to.
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &wanted, NULL);
    pthread_create(&server, NULL, serve, NULL);
    pthread_kill(pthread_self(), SIGUSR1);
    int taken;
    sigwait(&wanted, &taken);
    print_statistics(taken);
#else
    struct sigaction action = {.sa_handler = print_statistics, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    pthread_create(&server, NULL, serve, NULL);
    pthread_kill(server, SIGUSR1);
#endif
    pthread_join(server, NULL);
    assert(requests == 3 && printed >= -1 && printed <= 3);
    return 0;
}
