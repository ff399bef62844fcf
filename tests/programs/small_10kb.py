"""A very small program: one block of 10 kB must be found in it, to the byte.

bytes(10_000) asks for 10,033 bytes. Python's own start needs more than that, so the highest moment may be before the block is made;
what was allocated on the line is certain. In the sampled mode a block this small may be missed, or stand for a few of its kind.
"""
# expect: peak_heap_bytes ~ 10_033 .. 2_000_000
# expect[exact]: line KEEP allocated ~ bytes_of(10_000) within 100
# expect[sampled]: line KEEP allocated ~ bytes_of(10_000) within 40_000
# expect: line KEEP leaked ~ 0 within 0
# expect: stdout "10000\n"

kept = bytes(10_000)  # <KEEP>
print(len(kept))
