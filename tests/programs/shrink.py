"""Containers that give memory back: a bytearray cut short, a list and a dict cleared.

Of 100 MB the bytearray keeps 10 MB after the cut (realloc to 10,000,001 bytes, on that line); the list of 40 blocks of 1 MB and its
buffer are gone; then 120 MB follow: 130 MB. Before it, no moment is above 110 MB.
"""
# expect: peak_heap_bytes ~ 130_000_000
# expect: line WIDE self < 1%
# expect: line WIDE allocated ~ bytearray_of(100_000_000)
# expect: line CUT self ~ 10_000_001
# expect: line BLOCKS self < 1%
# expect: line TABLE self < 1%
# expect: line LAST self ~ 120_000_000

buffer = bytearray(100_000_000)  # <WIDE>
del buffer[10_000_000:]  # <CUT>
blocks = [bytearray(1_000_000) for _ in range(40)]  # <BLOCKS>
blocks.clear()
table = {key: bytearray(1_000_000) for key in range(40)}  # <TABLE>
table.clear()
last = bytearray(120_000_000)  # <LAST>
