// A connection fails on both of its threads, and each cleans up what it saw to be open.
//
// bug: double free, check and free in two critical sections
// from: Yu, Narayanasamy (ISCA 2009), the kind of several Apache and MySQL failures; CWE-415
// expect: crash
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct connection {
    pthread_mutex_t lock;
    char* buffer;
};

static struct connection connection = {PTHREAD_MUTEX_INITIALIZER, NULL};

static char* look(struct connection* c) {
    pthread_mutex_lock(&c->lock);
    char* buffer = c->buffer;
    pthread_mutex_unlock(&c->lock);
    return buffer;
}

static void fail(struct connection* c) {
#ifdef FIXED
    pthread_mutex_lock(&c->lock);
    char* buffer = c->buffer;
    c->buffer = NULL;
    pthread_mutex_unlock(&c->lock);
    free(buffer);
#else
    char* buffer = look(c);
    if (buffer == NULL) return;
    free(buffer);
    pthread_mutex_lock(&c->lock);
    c->buffer = NULL;
    pthread_mutex_unlock(&c->lock);
#endif
}

static void* receive(void* unused) {
    (void)unused;
    fail(&connection);
    return NULL;
}

int main(void) {
    connection.buffer = malloc(64);
    pthread_t receiver;
    pthread_create(&receiver, NULL, receive, NULL);
    fail(&connection);
    pthread_join(receiver, NULL);
    assert(look(&connection) == NULL);
    return 0;
}
