"""The middle of a mapping is unmapped: what is left still counts, in two pieces.

50,000 pages (204.8 MB) less the 30,000 in the middle leave 20,000 pages, 81.92 MB; then 40,000 pages (163.84 MB) follow: 245.76 MB.
Importing ctypes takes up to 2 MB.
"""
# expect: peak_heap_bytes ~ 60_000 * 4_096 .. 60_000 * 4_096 + 2_000_000
# expect: line MAP self ~ 20_000 * 4_096
# expect: line MAP allocated ~ 50_000 * 4_096
# expect: line SECOND self ~ 40_000 * 4_096
# expect: line MAP leaked ~ 10_000 * 4_096
# expect: line SECOND leaked ~ 40_000 * 4_096

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

first = libc.mmap(None, 50_000 * PAGES, READ_WRITE, PRIVATE, -1, 0)  # <MAP>
libc.munmap(first + 10_000 * PAGES, 30_000 * PAGES)
second = libc.mmap(None, 40_000 * PAGES, READ_WRITE, PRIVATE, -1, 0)  # <SECOND>
libc.munmap(first, 10_000 * PAGES)
