// Two threads share an epoll set; a message wakes both, and the second waits in read for ever.
//
// bug: two threads are told of one event, descriptor without EPOLLONESHOT
// from: epoll_ctl(2) on EPOLLONESHOT, epoll(7) on several threads with one set
// expect: deadlock hang
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int messages[2], stop, set;
static sem_t handled;

static void watch(int operation, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
#ifdef FIXED
    if (fd != stop) event.events |= EPOLLONESHOT;
#endif
    int status = epoll_ctl(set, operation, fd, &event);
    assert(status == 0);
}

static void* serve(void* unused) {
    (void)unused;
    for (;;) {
        struct epoll_event event;
        int ready = epoll_wait(set, &event, 1, -1);
        assert(ready == 1);
        if (event.data.fd == stop) return NULL;
        char message;
        ssize_t n = read(messages[0], &message, 1);
        assert(n == 1 && message == 'm');
        sem_post(&handled);
#ifdef FIXED
        watch(EPOLL_CTL_MOD, messages[0]);
#endif
    }
}

int main(void) {
    int made = pipe(messages);
    assert(made == 0);
    stop = eventfd(0, EFD_CLOEXEC);
    set = epoll_create1(EPOLL_CLOEXEC);
    sem_init(&handled, 0, 0);
    watch(EPOLL_CTL_ADD, messages[0]);
    watch(EPOLL_CTL_ADD, stop);

    pthread_t threads[2];
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, serve, NULL);
    for (int i = 0; i < 2; i++) {
        ssize_t n = write(messages[1], "m", 1);
        assert(n == 1);
        sem_wait(&handled);
    }
    uint64_t one = 1;
    ssize_t n = write(stop, &one, sizeof one);
    assert(n == sizeof one);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    sem_destroy(&handled);
    close(set);
    close(stop);
    close(messages[0]);
    close(messages[1]);
    return 0;
}
