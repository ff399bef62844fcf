"""Mapped files are not heap: neither shared, nor private, nor when they are large.

A sparse file of 200 MB is mapped three times; 100 MB of bytearrays are all the heap there is. Importing tempfile takes up to 3 MB.
"""
# let: BLOCKS = 100 * bytearray_of(1_000_000)
# expect: peak_heap_bytes ~ BLOCKS .. BLOCKS + 3_000_000
# expect: line SHARED self < 1%
# expect: line PRIVATE self < 1%
# expect: line READ self < 1%
# expect: line BLOCKS self ~ BLOCKS
# expect: stdout "0\n"

import mmap
import tempfile

with tempfile.TemporaryFile() as file:
    file.truncate(200_000_000)
    shared = mmap.mmap(file.fileno(), 0)  # <SHARED>
    private = mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE)  # <PRIVATE>
    read = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # <READ>
    blocks = [bytearray(1_000_000) for _ in range(100)]  # <BLOCKS>
    print(read[150_000_000])
