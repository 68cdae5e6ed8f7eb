// Four philosophers take the fork on their left, then the one on their right.
//
// bug: deadlock, circular wait
// from: Dijkstra, "Hierarchical ordering of sequential processes" (1971)
// expect: deadlock
// mode: sync

#include <assert.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>

enum { seats = 4 };

static sem_t forks[seats];
static int meals[seats];

static void* dine(void* argument) {
    int seat = (int)(intptr_t)argument;
    int first = seat, second = (seat + 1) % seats;
#ifdef FIXED
    if (first > second) {
        first = second;
        second = seat;
    }
#endif
    sem_wait(&forks[first]);
    sem_wait(&forks[second]);
    meals[seat]++;
    sem_post(&forks[second]);
    sem_post(&forks[first]);
    return NULL;
}

int main(void) {
    pthread_t philosophers[seats];
    for (int i = 0; i < seats; i++) sem_init(&forks[i], 0, 1);
    for (int i = 0; i < seats; i++)
        pthread_create(&philosophers[i], NULL, dine, (void*)(intptr_t)i);
    for (int i = 0; i < seats; i++) {
        pthread_join(philosophers[i], NULL);
        assert(meals[i] == 1);
    }
    for (int i = 0; i < seats; i++) sem_destroy(&forks[i]);
    return 0;
}
