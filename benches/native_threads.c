/* Threads without Python that allocate and free as fast as they can: each keeps a ring of live blocks. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { RING = 4096 };

struct work {
    long blocks;
    uint64_t seed;
};

static void *run(void *argument) {
    struct work *work = argument;
    void **ring = calloc(RING, sizeof *ring);
    uint64_t random = work->seed;
    for (long i = 0; i < work->blocks; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        void **place = &ring[(random >> 33) % RING];
        free(*place);
        *place = malloc(16 + (random >> 50) % 500);
        memset(*place, 1, 16);
    }
    for (int i = 0; i < RING; i++)
        free(ring[i]);
    free(ring);
    return NULL;
}

/* Runs so many threads, each with so many blocks, to their end. */
void churn(int threads, long blocks) {
    pthread_t started[64];
    struct work work[64];
    for (int i = 0; i < threads; i++) {
        work[i] = (struct work){blocks, (uint64_t)i + 1};
        pthread_create(&started[i], NULL, run, &work[i]);
    }
    for (int i = 0; i < threads; i++)
        pthread_join(started[i], NULL);
}
