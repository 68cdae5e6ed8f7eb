// A function leaves early when the table is full, and forgets the spin lock that it holds.
//
// bug: lock not released on a rare path
// from: CWE-667, improper locking, and CWE-772; a find of Engler, Chelf, Chou, Hallem, "Checking
//     system rules using system-specific, programmer-written compiler extensions" (OSDI 2000)
// expect: deadlock hang
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stddef.h>

enum { room = 2 };

static pthread_spinlock_t lock;
static int table[room], used;

static int add(int value) {
    pthread_spin_lock(&lock);
    if (used == room) {
#ifdef FIXED
        pthread_spin_unlock(&lock);
#endif
        return -1;
    }
    table[used++] = value;
    pthread_spin_unlock(&lock);
    return 0;
}

static void drop(void) {
    pthread_spin_lock(&lock);
    if (used > 0) used--;
    pthread_spin_unlock(&lock);
}

static void* drop_some(void* unused) {
    (void)unused;
    for (int i = 0; i < 2; i++) drop();
    return NULL;
}

int main(void) {
    pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
    add(1);
    pthread_t cleaner;
    pthread_create(&cleaner, NULL, drop_some, NULL);
    add(2);
    add(3);
    pthread_join(cleaner, NULL);
    assert(used >= 0 && used <= room);
    pthread_spin_destroy(&lock);
    return 0;
}
