"""strdup allocates inside the C library: the block of 40,000,001 bytes is the copy of the text and its closing zero.

The text itself is a bytes object of 40 MB. Importing ctypes takes up to 2 MB.
"""
# let: TEXT = bytes_of(40_000_000)
# expect: peak_heap_bytes ~ TEXT + 40_000_001 .. TEXT + 42_000_001
# expect: line COPY self ~ 40_000_001
# expect: line TEXT self ~ TEXT
# expect: line COPY leaked ~ 0

import ctypes

libc = ctypes.CDLL(None)
libc.strdup.restype, libc.strdup.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
libc.free.restype, libc.free.argtypes = None, [ctypes.c_void_p]

letter, count = b"x", 40_000_000
text = letter * count  # <TEXT>
copy = libc.strdup(text)  # <COPY>
libc.free(copy)
