// A connection is closed by one thread while another is about to write to its descriptor's number.
//
// bug: use after close, the number belongs to somebody else by then
// from: close(2), "Multithreaded processes and close()"; CWE-675, CWE-910
// expect: assertion
// mode: sync

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int client = -1;

static void* send_greeting(void* unused) {
    void* result = unused;
    pthread_mutex_lock(&mutex);
    int to = client;
#ifndef FIXED
    pthread_mutex_unlock(&mutex);
#endif
    if (to >= 0 && write(to, "hello", 5) < 0) result = NULL;  // it has gone
#ifdef FIXED
    pthread_mutex_unlock(&mutex);
#endif
    return result;
}

static void hang_up(void) {
    pthread_mutex_lock(&mutex);
    close(client);
    client = -1;
    pthread_mutex_unlock(&mutex);
}

int main(void) {
    int connection[2], database[2];
    assert(pipe(connection) == 0);
    client = connection[1];
    pthread_t greeter;
    pthread_create(&greeter, NULL, send_greeting, NULL);

    hang_up();
    assert(socketpair(AF_UNIX, SOCK_STREAM, 0, database) == 0);  // the lowest free number first
    assert(write(database[0], "row", 3) == 3);
    pthread_join(greeter, NULL);

    char text[16] = "";
    ssize_t length = read(database[1], text, sizeof text - 1);
    assert(length == 3 && strcmp(text, "row") == 0 && "somebody else's bytes are in the database");
    close(connection[0]);
    close(database[0]);
    close(database[1]);
    return 0;
}
