"""The edges of realloc: to size 0 (frees, on glibc), failing (the block stays), shrinking, and from NULL (allocates).

Live at the peak, in the order of the lines: 0 of 70 MB (freed by realloc to 0), 60 MB (its realloc to 2**62 failed), 30 MB of
90 MB (shrunk), 20 MB (realloc of NULL), 100 MB at last: 210 MB. Before the last line no moment is above 150 MB.
"""
# expect: peak_heap_bytes ~ 210_000_000 .. 212_000_000
# expect: line FREED self ~ 0
# expect: line FREED allocated ~ 70_000_000
# expect: line FREEING self ~ 0
# expect: line KEPT self ~ 60_000_000
# expect: line FAILING self ~ 0
# expect: line FAILING allocated ~ 0
# expect: line WIDE self ~ 0
# expect: line SHRINK self ~ 30_000_000
# expect: line FRESH self ~ 20_000_000
# expect: line LAST self ~ 100_000_000
# expect: line FREED leaked ~ 0
# expect: line KEPT leaked ~ 60_000_000
# expect: line SHRINK leaked ~ 30_000_000
# expect: line FRESH leaked ~ 20_000_000
# expect: line LAST leaked ~ 100_000_000
# expect: stdout "None None\n"

import ctypes

libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.realloc.restype = ctypes.c_void_p
libc.realloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]

freed = libc.malloc(70_000_000)  # <FREED>
nothing = libc.realloc(freed, 0)  # <FREEING>

kept = libc.malloc(60_000_000)  # <KEPT>
failed = libc.realloc(kept, 1 << 62)  # <FAILING>

shrunk = libc.malloc(90_000_000)  # <WIDE>
shrunk = libc.realloc(shrunk, 30_000_000)  # <SHRINK>

fresh = libc.realloc(None, 20_000_000)  # <FRESH>
last = libc.malloc(100_000_000)  # <LAST>
print(nothing, failed)
