// A thread is cancelled in a condition wait; it owns the mutex again then, and nobody gives it
// back.
//
// bug: deadlock, cancellation without a cleanup handler
// from: POSIX pthread_cond_wait on cancellation, and pthread_cleanup_push
// expect: deadlock
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stddef.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static int mail, done;

#ifdef FIXED
static void unlock(void* m) { pthread_mutex_unlock(m); }
#endif

static void* wait_for_mail(void* unused) {
    (void)unused;
    pthread_mutex_lock(&mutex);
#ifdef FIXED
    pthread_cleanup_push(unlock, &mutex);
#endif
    while (mail == 0) pthread_cond_wait(&arrived, &mutex);
    done = 1;
#ifdef FIXED
    pthread_cleanup_pop(1);
#else
    pthread_mutex_unlock(&mutex);
#endif
    return NULL;
}

static void deliver(void) {
    pthread_mutex_lock(&mutex);
    mail++;
    pthread_cond_signal(&arrived);
    pthread_mutex_unlock(&mutex);
}

static void* deliver_later(void* unused) {
    (void)unused;
    deliver();
    return NULL;
}

int main(void) {
    pthread_t waiter, postman;
    pthread_create(&waiter, NULL, wait_for_mail, NULL);
    pthread_create(&postman, NULL, deliver_later, NULL);
    pthread_cancel(waiter);
    pthread_join(waiter, NULL);
    pthread_join(postman, NULL);
    pthread_mutex_lock(&mutex);
    assert(mail == 1 && done <= 1);
    pthread_mutex_unlock(&mutex);
    return 0;
}
