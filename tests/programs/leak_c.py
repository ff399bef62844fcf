"""Blocks of C code that are never freed are leaked; what was freed is not.

Leaked: a block of 50 MB, and 100,000 small blocks of 200 bytes, 20 MB. Freed: 40 MB. What the interpreter itself leaves behind at the
end is below 3 MB, as is the import of ctypes at the peak.
"""
# needs: native store
# expect: peak_heap_bytes ~ 110_000_000 .. 112_000_000
# expect: leaked_bytes ~ 70_000_000 .. 73_000_000
# expect: line LARGE leaked ~ 50_000_000
# expect: line CHAIN leaked ~ 20_000_000
# expect: line FREED leaked ~ 0
# expect: line FREED self ~ 40_000_000
# expect: line CALL leaked ~ 0

import ctypes
import os

store = ctypes.CDLL(os.path.join(os.environ["HEAPWISE_TEST_NATIVE"], "libstore.so"))
store.store_malloc.restype, store.store_malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
store.store_chain.restype, store.store_chain.argtypes = ctypes.c_void_p, [ctypes.c_size_t, ctypes.c_size_t]
store.store_free.argtypes = [ctypes.c_void_p]


def work() -> None:
    store.store_malloc(50_000_000)  # <LARGE>
    store.store_chain(100_000, 200)  # <CHAIN>
    freed = store.store_malloc(40_000_000)  # <FREED>
    store.store_free(freed)


work()  # <CALL>
