// A transfer locks the account that pays, then the one that is paid; another goes the other way.
//
// bug: deadlock by lock order, two locks
// from: Coffman, Elphick, Shoshani, "System deadlocks" (1971); CWE-833
// expect: deadlock inversion
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stddef.h>

struct account {
    int number;
    pthread_mutex_t lock;
    long balance;
};

static struct account ann = {1, PTHREAD_MUTEX_INITIALIZER, 100};
static struct account bob = {2, PTHREAD_MUTEX_INITIALIZER, 100};

static void transfer(struct account* from, struct account* to, long amount) {
    struct account* first = from;
    struct account* second = to;
#ifdef FIXED
    if (to->number < from->number) {
        first = to;
        second = from;
    }
#endif
    pthread_mutex_lock(&first->lock);
    pthread_mutex_lock(&second->lock);
    from->balance -= amount;
    to->balance += amount;
    pthread_mutex_unlock(&second->lock);
    pthread_mutex_unlock(&first->lock);
}

static void* pay_rent(void* unused) {
    (void)unused;
    transfer(&ann, &bob, 30);
    return NULL;
}

static void* pay_back(void* unused) {
    (void)unused;
    transfer(&bob, &ann, 10);
    return NULL;
}

int main(void) {
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, pay_rent, NULL);
    pthread_create(&threads[1], NULL, pay_back, NULL);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    assert(ann.balance == 80 && bob.balance == 120);
    return 0;
}
