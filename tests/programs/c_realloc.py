"""malloc of 64 MB, then realloc to 300 MB: one block of 300 MB that belongs to the line that resized it.

Not 364 MB, and not 64 MB. It is freed before the end, so nothing leaks. Importing ctypes takes up to 2 MB.
"""
# expect: peak_heap_bytes ~ 300_000_000 .. 302_000_000
# expect: line START self ~ 0
# expect: line START allocated ~ 64_000_000
# expect: line GROW self ~ 300_000_000
# expect: line GROW leaked ~ 0
# expect: stdout "True\n"

import ctypes

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.realloc.restype = ctypes.c_void_p
libc.realloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.free.restype = None
libc.free.argtypes = [ctypes.c_void_p]

block = libc.malloc(64_000_000)  # <START>
block = libc.realloc(block, 300_000_000)  # <GROW>
print(block is not None)
libc.free(block)
