/* Native threads for native_threads.py.
 *
 * crew_start starts threads that wait; crew_release lets them allocate and returns when all have; crew_dismiss lets them
 * free their blocks and joins them. Every step is a handshake under one mutex, so the order never depends on time. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_t threads[MOST];
static size_t sizes[MOST];
/* Where everybody can see it, so that no compiler leaves the allocation out. */
static void *volatile blocks[MOST];
static int started, holding, released, dismissed;

static void *work(void *argument) {
    size_t index = (size_t *)argument - sizes;
    pthread_mutex_lock(&mutex);
    while (!released)
        pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);

    void *block = malloc(sizes[index]);
    if (block)
        memset(block, 1, sizes[index]);
    blocks[index] = block;

    pthread_mutex_lock(&mutex);
    holding++;
    pthread_cond_broadcast(&changed);
    while (!dismissed)
        pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
    free(blocks[index]);
    return NULL;
}

int crew_start(int count, size_t size) {
    for (int i = 0; i < count && started < MOST; i++) {
        sizes[started] = size;
        if (pthread_create(&threads[started], NULL, work, &sizes[started]) != 0)
            return -1;
        started++;
    }
    return started;
}

void crew_release(void) {
    pthread_mutex_lock(&mutex);
    released = 1;
    pthread_cond_broadcast(&changed);
    while (holding < started)
        pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
}

void crew_dismiss(void) {
    pthread_mutex_lock(&mutex);
    dismissed = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}
