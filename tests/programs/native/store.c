/* A library that allocates through its own import table, for c_library.py and c_library_leak.py.
 *
 * Every function returns the block, so that no compiler can leave the allocation out. */
#include <stdlib.h>
#include <string.h>

void *store_malloc(size_t size) {
    void *block = malloc(size);
    if (block)
        memset(block, 1, size);
    return block;
}

void *store_calloc(size_t count, size_t size) { return calloc(count, size); }

void *store_realloc(void *block, size_t size) { return realloc(block, size); }

void *store_aligned(size_t size) {
    void *block = NULL;
    return posix_memalign(&block, 64, size) == 0 ? block : NULL;
}

char *store_copy(const char *text) { return strdup(text); }

void store_free(void *block) { free(block); }

/* A linked chain of `count` small blocks of `size` bytes; returns its head. */
void *store_chain(size_t count, size_t size) {
    void **head = NULL;
    for (size_t i = 0; i < count; i++) {
        void **link = malloc(size);
        if (!link)
            break;
        *link = head;
        head = link;
    }
    return head;
}

void store_free_chain(void *head) {
    while (head) {
        void *next = *(void **)head;
        free(head);
        head = next;
    }
}
