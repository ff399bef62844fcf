"""A library's allocator reserves a gigabyte that can be used at once, and uses a fifth of it.

mmap with MAP_NORESERVE, through ctypes, as mimalloc and jemalloc do: 1 GiB, of which 200 MiB are written to. Those are
heap, of the line that did it; the rest is not. They are still there at the end, so the last look finds them.
"""
# let: USED = 200 * 1024 * 1024
# expect: peak_heap_bytes ~ USED within 3%
# expect: leaked_bytes ~ USED within 3%
# expect: line RESERVE self ~ USED within 1%

import ctypes

USED = 200 << 20
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
ctypes.memset(libc.mmap(None, 1 << 30, 3, 0x4022, -1, 0), 1, USED)  # <RESERVE>
