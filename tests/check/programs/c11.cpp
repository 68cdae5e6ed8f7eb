// C11 threads: a queue of one place between two of them.
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <threads.h>

static mtx_t lock;
static cnd_t changed;
static once_flag once = ONCE_FLAG_INIT;
static int full;
static int value;
static bool mended;

static void prepare() {
    mtx_init(&lock, mtx_plain);
    cnd_init(&changed);
}

static int produce(void* what) {
    call_once(&once, prepare);
    mtx_lock(&lock);
    value = *static_cast<int*>(what);
    full = 1;
    cnd_signal(&changed);
    mtx_unlock(&lock);
    return 5;
}

int main(int argc, char** argv) {
    mended = argc > 1 && strcmp(argv[1], "mended") == 0;
    call_once(&once, prepare);
    int wanted = 7;
    thrd_t producer;
    assert(thrd_create(&producer, produce, &wanted) == thrd_success);
    mtx_lock(&lock);
    if (mended)
        while (!full) cnd_wait(&changed, &lock);
    else if (!full)
        cnd_wait(&changed, &lock);  // a wake-up without reason finds it empty
    assert(full && value == 7);
    mtx_unlock(&lock);
    int result = 0;
    assert(thrd_join(producer, &result) == thrd_success && result == 5);
    return 0;
}
