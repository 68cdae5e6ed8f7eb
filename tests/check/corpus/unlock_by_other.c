// One thread locks a mutex to say "busy", and another unlocks it to say "done".
//
// bug: mutex unlocked by a thread that does not hold it
// from: POSIX pthread_mutex_unlock; CWE-832
// expect: misuse assertion race
// mode: sync

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>

static sem_t handed_over;
static int frames;
#ifdef FIXED
static sem_t busy;
#else
static pthread_mutex_t busy = PTHREAD_MUTEX_INITIALIZER;
#endif

static void begin_frame(void) {
#ifdef FIXED
    while (sem_wait(&busy) != 0 && errno == EINTR) continue;
#else
    pthread_mutex_lock(&busy);
#endif
}

static void end_frame(void) {
#ifdef FIXED
    sem_post(&busy);
#else
    pthread_mutex_unlock(&busy);
#endif
}

static void* display(void* unused) {
    (void)unused;
    for (int i = 0; i < 2; i++) {
        sem_wait(&handed_over);
        frames++;
        end_frame();
    }
    return NULL;
}

int main(void) {
    sem_init(&handed_over, 0, 0);
#ifdef FIXED
    sem_init(&busy, 0, 1);
#endif
    pthread_t thread;
    pthread_create(&thread, NULL, display, NULL);
    for (int i = 0; i < 2; i++) {
        begin_frame();
        sem_post(&handed_over);
    }
    pthread_join(thread, NULL);
    assert(frames == 2);
    return 0;
}
