"""Two lines take turns with blocks that a sampler does not see one by one.

15,000 turns of bytes objects of 7,000 and 4,000 bytes (33 bytes more each, header and closing zero): 105 MB and 60 MB.
The objects go into lists made beforehand, so that nothing else grows: 15,000 slots are 120 kB each.
"""
# let: FIRST_BLOCKS = 15_000 * bytes_of(7_000)
# let: SECOND_BLOCKS = 15_000 * bytes_of(4_000)
# expect: peak_heap_bytes ~ FIRST_BLOCKS + SECOND_BLOCKS + 2 * list_of(15_000)
# expect: line FIRST self ~ FIRST_BLOCKS
# expect: line SECOND self ~ SECOND_BLOCKS
# expect: line FIRST allocated ~ FIRST_BLOCKS
# expect: line FIRST allocations ~ 15_000
# expect: line SECOND allocations ~ 15_000

first: list[bytes] = [b""] * 15_000
second: list[bytes] = [b""] * 15_000
for turn in range(15_000):
    first[turn] = bytes(7_000)  # <FIRST>
    second[turn] = bytes(4_000)  # <SECOND>
