"""400 MB reserved and never made accessible are not heap.

All the heap is 100 blocks of 1 MB. Importing ctypes takes up to 2 MB.
"""
# let: BLOCKS = 100 * bytearray_of(1_000_000)
# expect: peak_heap_bytes ~ BLOCKS .. BLOCKS + 2_000_000
# expect: line RESERVE self ~ 0
# expect: line RESERVE allocated ~ 0
# expect: line BLOCKS self ~ BLOCKS

import ctypes
import mmap

libc = ctypes.CDLL(None, use_errno=True)
SIZE, POINTER = ctypes.c_size_t, ctypes.c_void_p
libc.mmap.restype = POINTER
libc.mmap.argtypes = [POINTER, SIZE, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = [POINTER, SIZE]
libc.mprotect.argtypes = [POINTER, SIZE, ctypes.c_int]
NONE, READ_WRITE = 0, mmap.PROT_READ | mmap.PROT_WRITE
PRIVATE, FIXED = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 0x10
PAGES = 4_096

base = libc.mmap(None, 100_000 * PAGES, NONE, PRIVATE, -1, 0)  # <RESERVE>
blocks = [bytearray(1_000_000) for _ in range(100)]  # <BLOCKS>
