"""Three equal peaks: the report shows the first one.

The three lines do the same with one local name, so the heap is the same to the byte each time. In the sampled mode the
56 bytes of an object may be sampled on one line and not on another; there only the height is certain.
"""
# let: BLOCK = bytearray_of(100_000_000)
# expect: peak_heap_bytes ~ BLOCK
# expect[exact]: line FIRST self ~ BLOCK
# expect[exact]: line SECOND self ~ 0
# expect[exact]: line THIRD self ~ 0
# expect: line FIRST allocated ~ BLOCK
# expect: line SECOND allocated ~ BLOCK
# expect: line THIRD allocated ~ BLOCK
# expect: function peaks self ~ BLOCK


def peaks() -> None:
    block = bytearray(100_000_000)  # <FIRST>
    del block
    block = bytearray(100_000_000)  # <SECOND>
    del block
    block = bytearray(100_000_000)  # <THIRD>
    del block


peaks()
