// Writers of the access log copy their line to where the buffer ends, then move the end.
//
// bug: data race, two writers into the same place of a buffer
// from: Apache httpd bug 25520, in Lu, Park, Seo, Zhou, "Learning from mistakes" (ASPLOS 2008)
// expect: race assertion
// mode: memory

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct {
    pthread_mutex_t lock;
    char text[128];
    size_t end;
} access_log = {PTHREAD_MUTEX_INITIALIZER, "", 0};

static void log_line(const char* line) {
    size_t length = strlen(line);
#ifdef FIXED
    pthread_mutex_lock(&access_log.lock);
#endif
    memcpy(access_log.text + access_log.end, line, length);
    access_log.end += length;
#ifdef FIXED
    pthread_mutex_unlock(&access_log.lock);
#endif
}

static void* serve(void* argument) {
    const char* path = argument;
    char line[32];
    snprintf(line, sizeof line, "GET %s 200\n", path);
    log_line(line);
    return NULL;
}

int main(void) {
    static char home[] = "/", about[] = "/about";
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, serve, home);
    pthread_create(&threads[1], NULL, serve, about);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    assert(strstr(access_log.text, "GET / 200\n") && strstr(access_log.text, "GET /about 200\n"));
    return 0;
}
