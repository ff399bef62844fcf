"""One munmap over three mappings that lie side by side: each loses exactly what is inside.

A reservation of 60,000 pages is filled by three mappings of 20,000 pages. Unmapping pages 10,000 to 50,000 leaves half of the
first, nothing of the second, half of the third; then 50,000 pages follow: 70,000 pages at the peak, 286.72 MB.
"""
# expect: peak_heap_bytes ~ 70_000 * 4_096 .. 70_000 * 4_096 + 2_000_000
# expect: line RESERVE self < 1%
# expect: line ONE self ~ 10_000 * 4_096
# expect: line TWO self ~ 0
# expect: line THREE self ~ 10_000 * 4_096
# expect: line LATER self ~ 50_000 * 4_096

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

base = libc.mmap(None, 60_000 * PAGES, NONE, PRIVATE, -1, 0)  # <RESERVE>
libc.mmap(base, 20_000 * PAGES, READ_WRITE, PRIVATE | FIXED, -1, 0)  # <ONE>
libc.mmap(base + 20_000 * PAGES, 20_000 * PAGES, READ_WRITE, PRIVATE | FIXED, -1, 0)  # <TWO>
libc.mmap(base + 40_000 * PAGES, 20_000 * PAGES, READ_WRITE, PRIVATE | FIXED, -1, 0)  # <THREE>
libc.munmap(base + 10_000 * PAGES, 40_000 * PAGES)
later = libc.mmap(None, 50_000 * PAGES, READ_WRITE, PRIVATE, -1, 0)  # <LATER>
