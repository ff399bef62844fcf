"""A reservation of 100,000 pages of which mprotect makes parts accessible, and one part inaccessible again.

30,000 pages (122.88 MB) become heap on the line of the mprotect; 10,000 of them are taken back, then 15,000 pages are committed: 35,000
pages at the peak, 143.36 MB. Importing ctypes takes up to 2 MB.
"""
# expect: peak_heap_bytes ~ 35_000 * 4_096 .. 35_000 * 4_096 + 2_000_000
# expect: line RESERVE self < 1%
# expect: line COMMIT self ~ 20_000 * 4_096
# expect: line TAKE_BACK self ~ 0
# expect: line MORE self ~ 15_000 * 4_096

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
libc.mprotect(base, 30_000 * PAGES, READ_WRITE)  # <COMMIT>
libc.mprotect(base + 20_000 * PAGES, 10_000 * PAGES, NONE)  # <TAKE_BACK>
libc.mprotect(base + 50_000 * PAGES, 15_000 * PAGES, READ_WRITE)  # <MORE>
