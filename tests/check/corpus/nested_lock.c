// push() calls grow() when the list is full, and grow() locks what push() has locked.
//
// bug: self-deadlock on a rare path
// from: CWE-764, multiple locks of a critical resource; Lu, Park, Seo, Zhou (ASPLOS 2008),
//     deadlocks of one resource
// expect: deadlock misuse
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int* list;
static int length, room;

static void grow(void) {
#ifndef FIXED
    pthread_mutex_lock(&mutex);
#endif
    room += 2;
    list = realloc(list, (size_t)room * sizeof *list);
#ifndef FIXED
    pthread_mutex_unlock(&mutex);
#endif
}

static void push(int value) {
    pthread_mutex_lock(&mutex);
    if (length == room) grow();
    list[length++] = value;
    pthread_mutex_unlock(&mutex);
}

static int pop(void) {
    pthread_mutex_lock(&mutex);
    int value = length > 0 ? list[--length] : -1;
    pthread_mutex_unlock(&mutex);
    return value;
}

static void* consume(void* unused) {
    (void)unused;
    for (int i = 0; i < 3; i++) pop();
    return NULL;
}

int main(void) {
    room = 2;
    list = malloc(2 * sizeof *list);
    pthread_t consumer;
    push(1);
    pthread_create(&consumer, NULL, consume, NULL);
    push(2);
    push(3);
    pthread_join(consumer, NULL);
    assert(length <= 3);
    free(list);
    return 0;
}
