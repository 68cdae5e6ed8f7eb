// A transfer lets the money be in neither account for a moment, and an audit counts just then.
//
// bug: atomicity violation over two objects, each of them guarded
// from: Flanagan, Qadeer, "A type and effect system for atomicity" (PLDI 2003)
// expect: assertion
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stddef.h>

struct account {
    pthread_mutex_t lock;
    long balance;
};

static struct account checking = {PTHREAD_MUTEX_INITIALIZER, 700};
static struct account savings = {PTHREAD_MUTEX_INITIALIZER, 300};
#ifdef FIXED
static pthread_mutex_t ledger = PTHREAD_MUTEX_INITIALIZER;
#endif

static void begin(void) {
#ifdef FIXED
    pthread_mutex_lock(&ledger);
#endif
}

static void end(void) {
#ifdef FIXED
    pthread_mutex_unlock(&ledger);
#endif
}

static void add(struct account* a, long amount) {
    pthread_mutex_lock(&a->lock);
    a->balance += amount;
    pthread_mutex_unlock(&a->lock);
}

static long read_balance(struct account* a) {
    pthread_mutex_lock(&a->lock);
    long balance = a->balance;
    pthread_mutex_unlock(&a->lock);
    return balance;
}

static void* transfers(void* unused) {
    (void)unused;
    for (int i = 0; i < 2; i++) {
        begin();
        add(&checking, -50);
        add(&savings, 50);
        end();
    }
    return NULL;
}

static void* audit(void* unused) {
    (void)unused;
    begin();
    long sum = read_balance(&savings) + read_balance(&checking);
    end();
    assert(sum == 1000);
    return NULL;
}

int main(void) {
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, transfers, NULL);
    pthread_create(&threads[1], NULL, audit, NULL);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    return 0;
}
