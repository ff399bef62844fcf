"""A reservation of 100,000 pages that cannot be accessed, committed in parts by MAP_FIXED over it, one part twice.

30,000 pages (122.88 MB) are committed, then the first 10,000 of them are mapped again: replaced, not added. The peak is 30,000
pages, 20,000 of them from the first line. Importing ctypes takes up to 2 MB.
"""
# expect: peak_heap_bytes ~ 30_000 * 4_096 + 1_000_000 .. 30_000 * 4_096 + 3_000_000
# expect: line RESERVE self < 1%
# expect: line COMMIT self ~ 20_000 * 4_096
# expect: line REPLACE self ~ 10_000 * 4_096
# expect: line AFTER self ~ bytearray_of(1_000_000)

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
libc.mmap(base + 5_000 * PAGES, 30_000 * PAGES, READ_WRITE, PRIVATE | FIXED, -1, 0)  # <COMMIT>
libc.mmap(base + 5_000 * PAGES, 10_000 * PAGES, READ_WRITE, PRIVATE | FIXED, -1, 0)  # <REPLACE>
after = bytearray(1_000_000)  # <AFTER>
