// A queue with C11 threads: one condition, signalled once, for two kinds of waiters.
//
// bug: signal taken by a thread that cannot use it
// from: as one_condition; ISO C11 7.26, threads.h
// expect: deadlock misuse
// mode: sync
// sanitizer: no, it does not know thrd_create

#include <assert.h>
#include <stddef.h>
#include <threads.h>

static mtx_t mutex;
static cnd_t changed;
static int items, taken;

static void wake(void) {
#ifdef FIXED
    cnd_broadcast(&changed);
#else
    cnd_signal(&changed);
#endif
}

static int produce(void* unused) {
    (void)unused;
    for (int i = 0; i < 2; i++) {
        mtx_lock(&mutex);
        while (items == 1) cnd_wait(&changed, &mutex);
        items++;
        wake();
        mtx_unlock(&mutex);
    }
    return 0;
}

static int consume(void* unused) {
    (void)unused;
    for (int i = 0; i < 2; i++) {
        mtx_lock(&mutex);
        while (items == 0) cnd_wait(&changed, &mutex);
        items--;
        taken++;
        wake();
        mtx_unlock(&mutex);
    }
    return 0;
}

int main(void) {
    mtx_init(&mutex, mtx_plain);
    cnd_init(&changed);
    thrd_t threads[4];
    for (int i = 0; i < 4; i++) {
        int made = thrd_create(&threads[i], i % 2 ? produce : consume, NULL);
        assert(made == thrd_success);
    }
    for (int i = 0; i < 4; i++) thrd_join(threads[i], NULL);
    assert(taken == 4);
    cnd_destroy(&changed);
    mtx_destroy(&mutex);
    return 0;
}
