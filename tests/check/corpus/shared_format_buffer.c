// A function formats into a static buffer under a lock, and its callers read it without.
//
// bug: static buffer of a function that is not reentrant
// from: CERT CON33-C, avoid race conditions when using library functions (asctime, strtok)
// expect: assertion race
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static const char* format_address(unsigned address) {
#ifdef FIXED
    static _Thread_local char text[16];
#else
    static char text[16];
#endif
    pthread_mutex_lock(&mutex);
    snprintf(text, sizeof text, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
             address >> 8 & 255, address & 255);
    pthread_mutex_unlock(&mutex);
    return text;
}

static void* connect_to(void* argument) {
    unsigned address = *(unsigned*)argument;
    const char* text = format_address(address);
    assert(text[0] == (address == 0x7f000001 ? '1' : '8') && "somebody else's address");
    return NULL;
}

int main(void) {
    static unsigned local = 0x7f000001, names = 0x08080808;
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, connect_to, &local);
    pthread_create(&threads[1], NULL, connect_to, &names);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    return 0;
}
