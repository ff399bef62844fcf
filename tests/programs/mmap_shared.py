"""A shared anonymous mapping is memory of the program like a private one.

mmap.mmap(-1, n) without flags is shared: 120 MB, kept, and another of 90 MB closed before.
"""
# expect: peak_heap_bytes ~ 120_000_000
# expect: line CLOSED self < 1%
# expect: line CLOSED allocated ~ 90_000_000
# expect: line KEPT self ~ 120_000_000

import mmap

closed = mmap.mmap(-1, 90_000_000)  # <CLOSED>
closed.close()
kept = mmap.mmap(-1, 120_000_000)  # <KEPT>
