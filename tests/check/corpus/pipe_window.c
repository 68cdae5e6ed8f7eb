// A client reads answers only if there are any after each second request; pipes hold one of each.
//
// bug: deadlock between two full pipes
// from: the warning of Python's subprocess about Popen.stdout.read, and of popen2 before it
// expect: deadlock hang
// mode: sync

#define _GNU_SOURCE
#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { message = 4096, messages = 4 };

static int requests[2], answers[2];

static void transfer(int fd, char* buffer, int writing) {
    for (size_t done = 0; done < message;) {
        ssize_t n = writing ? write(fd, buffer + done, message - done)
                            : read(fd, buffer + done, message - done);
        assert(n > 0);
        done += (size_t)n;
    }
}

static void* serve(void* unused) {
    (void)unused;
    char* buffer = malloc(message);
    for (int i = 0; i < messages; i++) {
        transfer(requests[0], buffer, 0);
        memset(buffer, buffer[0] + 1, message);
        transfer(answers[1], buffer, 1);
    }
    free(buffer);
    return NULL;
}

static int answered;

static void read_answer(char* buffer) {
    transfer(answers[0], buffer, 0);
    assert(buffer[message - 1] == 'a' + ++answered);
}

// Reads the answers that are there.
static void read_some(char* buffer) {
    struct pollfd ready = {.fd = answers[0], .events = POLLIN};
    while (answered < messages && poll(&ready, 1, 0) == 1) read_answer(buffer);
}

int main(void) {
    assert(pipe(requests) == 0 && pipe(answers) == 0);
    // As small as a pipe can be: one page.
    fcntl(requests[1], F_SETPIPE_SZ, message);
    fcntl(answers[1], F_SETPIPE_SZ, message);
    pthread_t server;
    pthread_create(&server, NULL, serve, NULL);

    char* out = malloc(message);
    char* in = malloc(message);
    for (int sent = 0; sent < messages; sent++) {
#ifdef FIXED
        // Never more under way than the pipes hold.
        if (sent - answered == 2) read_answer(in);
#endif
        memset(out, 'a' + sent, message);
        transfer(requests[1], out, 1);
        if (sent % 2 == 1) read_some(in);
    }
    while (answered < messages) read_answer(in);
    pthread_join(server, NULL);
    free(out);
    free(in);
    return 0;
}
