// Two threads answer on one connection, each with a header and a body in two writes.
//
// bug: atomicity violation on a socket
// from: write(2) and send(2), which are atomic one by one at most; CWE-362
// expect: assertion
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct header {
    char type;
    char length;
};

static int sockets[2];
static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

static void answer(char type, const char* body) {
    struct header h = {type, (char)strlen(body)};
#ifdef FIXED
    pthread_mutex_lock(&output);
#endif
    ssize_t written = write(sockets[0], &h, sizeof h);
    assert(written == sizeof h);
    written = write(sockets[0], body, strlen(body));
    assert(written == (ssize_t)strlen(body));
#ifdef FIXED
    pthread_mutex_unlock(&output);
#endif
}

static void* status(void* unused) {
    (void)unused;
    answer('s', "ok");
    return NULL;
}

static void* document(void* unused) {
    (void)unused;
    answer('d', "<p>it works</p>");
    return NULL;
}

static void receive(char* to, size_t length) {
    for (size_t done = 0; done < length;) {
        ssize_t n = read(sockets[1], to + done, length - done);
        assert(n > 0 && "the stream ends in the middle of a frame");
        done += (size_t)n;
    }
}

int main(void) {
    (void)output;
    int made = socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
    assert(made == 0);
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, status, NULL);
    pthread_create(&threads[1], NULL, document, NULL);
    for (int i = 0; i < 2; i++) {
        struct header h;
        char body[32] = "";
        receive((char*)&h, sizeof h);
        assert((h.type == 's' && h.length == 2) || (h.type == 'd' && h.length == 15));
        receive(body, (size_t)h.length);
        assert(strcmp(body, h.type == 's' ? "ok" : "<p>it works</p>") == 0);
    }
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    close(sockets[0]);
    close(sockets[1]);
    return 0;
}
