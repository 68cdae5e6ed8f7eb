// A hand-made event on a futex reads the value to sleep on after it has looked whether to sleep.
//
// bug: lost wake-up, the futex word is read twice
// from: Drepper, "Futexes are tricky" (2004)
// expect: deadlock hang
// mode: memory

#define _GNU_SOURCE
#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

// Counts what has happened; each count wakes everybody.
static atomic_int happened;

static void signal_event(void) {
    atomic_fetch_add(&happened, 1);
    syscall(SYS_futex, &happened, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

// Until it has happened `times` times.
static void wait_for_event(int times) {
    for (;;) {
#ifdef FIXED
        int seen = atomic_load(&happened);
        if (seen >= times) return;
#else
        if (atomic_load(&happened) >= times) return;
        int seen = atomic_load(&happened);
#endif
        syscall(SYS_futex, &happened, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
    }
}

static int value;

static void* produce(void* unused) {
    (void)unused;
    value = 1;
    signal_event();
    return NULL;
}

int main(void) {
    pthread_t producer;
    pthread_create(&producer, NULL, produce, NULL);
    wait_for_event(1);
    assert(value == 1);
    pthread_join(producer, NULL);
    return 0;
}
