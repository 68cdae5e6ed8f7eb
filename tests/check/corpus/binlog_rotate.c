// While the log is rotated it is closed for a moment; who logs just then finds it closed and goes
// on.
//
// bug: atomicity violation between close and open
// from: MySQL bug 791, in Lu, Park, Seo, Zhou, "Learning from mistakes" (ASPLOS 2008)
// expect: assertion
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

static struct {
    pthread_mutex_t lock;
    bool open;
    int generation;
    int records;
} binlog = {PTHREAD_MUTEX_INITIALIZER, true, 1, 0};

static void close_log(void) { binlog.open = false; }

static void open_log(void) {
    binlog.generation++;
    binlog.open = true;
}

static void rotate(void) {
    pthread_mutex_lock(&binlog.lock);
    close_log();
#ifndef FIXED
    pthread_mutex_unlock(&binlog.lock);
    pthread_mutex_lock(&binlog.lock);
#endif
    open_log();
    pthread_mutex_unlock(&binlog.lock);
}

static void* insert_rows(void* unused) {
    (void)unused;
    for (int row = 0; row < 3; row++) {
        pthread_mutex_lock(&binlog.lock);
        if (binlog.open) binlog.records++;
        pthread_mutex_unlock(&binlog.lock);
    }
    return NULL;
}

int main(void) {
    pthread_t client;
    pthread_create(&client, NULL, insert_rows, NULL);
    rotate();
    pthread_join(client, NULL);
    assert(binlog.records == 3);
    return 0;
}
