"""A library that is opened late and allocates through its own import table.

malloc 30 MB, calloc 20 MB, malloc 5 MB grown by realloc to 25 MB on another line, posix_memalign 15 MB, and a chain of 200,000 blocks
of 100 bytes, 20 MB: 110 MB at the end. Importing ctypes takes up to 2 MB. All is freed before the end.
"""
# needs: native store
# expect: peak_heap_bytes ~ 110_000_000 .. 112_000_000
# expect: line MALLOC self ~ 30_000_000
# expect: line CALLOC self ~ 20_000_000
# expect: line START self ~ 0
# expect: line GROW self ~ 25_000_000
# expect: line ALIGNED self ~ 15_000_000
# expect: line CHAIN self ~ 20_000_000
# expect: line CHAIN allocations ~ 200_000
# expect: line MALLOC leaked ~ 0
# expect: line GROW leaked ~ 0
# expect: line CHAIN leaked ~ 0

import ctypes
import os

store = ctypes.CDLL(os.path.join(os.environ["HEAPWISE_TEST_NATIVE"], "libstore.so"))
SIZE, POINTER = ctypes.c_size_t, ctypes.c_void_p
store.store_malloc.restype, store.store_malloc.argtypes = POINTER, [SIZE]
store.store_calloc.restype, store.store_calloc.argtypes = POINTER, [SIZE, SIZE]
store.store_realloc.restype, store.store_realloc.argtypes = POINTER, [POINTER, SIZE]
store.store_aligned.restype, store.store_aligned.argtypes = POINTER, [SIZE]
store.store_chain.restype, store.store_chain.argtypes = POINTER, [SIZE, SIZE]
store.store_free.argtypes = store.store_free_chain.argtypes = [POINTER]

plain = store.store_malloc(30_000_000)  # <MALLOC>
zeroed = store.store_calloc(1_000, 20_000)  # <CALLOC>
grown = store.store_malloc(5_000_000)  # <START>
grown = store.store_realloc(grown, 25_000_000)  # <GROW>
aligned = store.store_aligned(15_000_000)  # <ALIGNED>
chain = store.store_chain(200_000, 100)  # <CHAIN>
for block in (plain, zeroed, grown, aligned):
    store.store_free(block)
store.store_free_chain(chain)
