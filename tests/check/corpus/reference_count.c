// A cached object's count is lowered, then looked at: two threads may both find it zero.
//
// bug: double free, reference count tested after the decrement
// from: Apache httpd bug 21287, in Lu, Park, Seo, Zhou, "Learning from mistakes" (ASPLOS 2008)
// expect: crash race
// mode: memory

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct object {
    atomic_int references;
    char* body;
};

static void release(struct object* o) {
#ifdef FIXED
    if (atomic_fetch_sub(&o->references, 1) == 1) {
#else
    atomic_fetch_sub(&o->references, 1);
    if (atomic_load(&o->references) == 0) {
#endif
        free(o->body);
        free(o);
    }
}

static void* serve(void* argument) {
    struct object* o = argument;
    assert(o->body[0] == '<');
    release(o);
    return NULL;
}

int main(void) {
    struct object* page = malloc(sizeof *page);
    page->body = calloc(1, 16);
    page->body[0] = '<';
    atomic_init(&page->references, 2);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, serve, page);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    return 0;
}
