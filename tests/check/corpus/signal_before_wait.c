// The waiter does not look whether the thing has happened: a signal that came first is lost.
//
// bug: lost signal
// from: Farchi, Nir, Ur, "Concurrent bug patterns and how to test them" (IPDPS 2003), lost notify
// expect: deadlock misuse
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t loaded = PTHREAD_COND_INITIALIZER;
static bool is_loaded;
static int settings;

static void* load_settings(void* unused) {
    (void)unused;
    pthread_mutex_lock(&mutex);
    settings = 42;
    is_loaded = true;
    pthread_cond_signal(&loaded);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

int main(void) {
    pthread_t loader;
    pthread_create(&loader, NULL, load_settings, NULL);
    pthread_mutex_lock(&mutex);
#ifdef FIXED
    while (!is_loaded)
#endif
        pthread_cond_wait(&loaded, &mutex);
    assert(settings == 42);
    pthread_mutex_unlock(&mutex);
    pthread_join(loader, NULL);
    return 0;
}
