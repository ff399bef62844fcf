"""MAP_FIXED with PROT_NONE over committed pages takes them away, without any munmap.

40,000 pages are committed, 30,000 of them mapped over as a reservation; then 20,000 pages follow. The highest moment is the
first: 40,000 pages, 163.84 MB. Counted as never given back, it would be 60,000 pages.
"""
# expect: peak_heap_bytes ~ 40_000 * 4_096 .. 40_000 * 4_096 + 2_000_000
# expect: line COMMIT self ~ 40_000 * 4_096
# expect: line COMMIT leaked ~ 10_000 * 4_096
# expect: line DECOMMIT self < 1%
# expect: line LATER self < 1%
# expect: line LATER leaked ~ 20_000 * 4_096

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

base = libc.mmap(None, 40_000 * PAGES, READ_WRITE, PRIVATE, -1, 0)  # <COMMIT>
libc.mmap(base, 30_000 * PAGES, NONE, PRIVATE | FIXED, -1, 0)  # <DECOMMIT>
later = libc.mmap(None, 20_000 * PAGES, READ_WRITE, PRIVATE, -1, 0)  # <LATER>
