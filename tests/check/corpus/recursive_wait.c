// A function waits on a condition with a recursive mutex that its caller has locked once already.
//
// bug: deadlock, a condition wait releases one level of a recursive mutex
// from: POSIX pthread_mutexattr_settype, application usage on recursive mutexes and conditions
// expect: deadlock
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stddef.h>

static pthread_mutex_t mutex;
static pthread_cond_t refilled = PTHREAD_COND_INITIALIZER;
static int paper = 1, printed;

static void print_page(void) {
    pthread_mutex_lock(&mutex);
    while (paper == 0) pthread_cond_wait(&refilled, &mutex);
    paper--;
    printed++;
    pthread_mutex_unlock(&mutex);
}

static void print_pages(int pages) {
#ifndef FIXED
    pthread_mutex_lock(&mutex);  // the pages shall come out together
#endif
    for (int i = 0; i < pages; i++) print_page();
#ifndef FIXED
    pthread_mutex_unlock(&mutex);
#endif
}

static void* refill(void* unused) {
    (void)unused;
    pthread_mutex_lock(&mutex);
    paper += 5;
    pthread_cond_signal(&refilled);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

int main(void) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    pthread_t clerk;
    pthread_create(&clerk, NULL, refill, NULL);
    print_pages(2);
    pthread_join(clerk, NULL);
    assert(printed == 2);
    pthread_mutex_destroy(&mutex);
    return 0;
}
