// A reader that holds the lock reads again; where writers go first, a writer came in between.
//
// bug: deadlock, recursive read lock behind a waiting writer
// from: POSIX pthread_rwlock_rdlock; glibc's PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP
// expect: deadlock
// mode: sync

#define _GNU_SOURCE
#include <assert.h>
#include <pthread.h>
#include <stddef.h>

static pthread_rwlock_t lock;
static int prices[2] = {3, 4};

static int price(int article) {
    pthread_rwlock_rdlock(&lock);
    int found = prices[article];
    pthread_rwlock_unlock(&lock);
    return found;
}

static int sum(void) {
#ifdef FIXED
    return price(0) + price(1);
#else
    pthread_rwlock_rdlock(&lock);
    int all = price(0) + price(1);
    pthread_rwlock_unlock(&lock);
    return all;
#endif
}

static void* raise_price(void* unused) {
    (void)unused;
    pthread_rwlock_wrlock(&lock);
    prices[0]++;
    pthread_rwlock_unlock(&lock);
    return NULL;
}

int main(void) {
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);

    pthread_t writer;
    pthread_create(&writer, NULL, raise_price, NULL);
    int all = sum();
    assert(all == 7 || all == 8);
    pthread_join(writer, NULL);
    pthread_rwlock_destroy(&lock);
    return 0;
}
