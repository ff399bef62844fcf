"""One line that holds everything, and whose every block is large.

Each bytearray(1_000_000) is an object (56 bytes) and a buffer of 1,000,001 bytes (a closing zero); a hundred of them are
100,005,700 bytes. The list's own buffer is 8 bytes a slot.
Two allocations for each bytearray make 200; the list grows about a dozen times on the way.
"""
# let: BLOCKS = 100 * bytearray_of(1_000_000)
# expect: peak_heap_bytes ~ BLOCKS
# expect: line LOAD self ~ BLOCKS
# expect: line LOAD total ~ BLOCKS
# expect: line LOAD allocated ~ BLOCKS
# expect[exact]: line LOAD allocations ~ 200 .. 220 within 0
# expect: line LOAD leaked ~ 0
# expect: stdout "100\n"

blocks = [bytearray(1_000_000) for _ in range(100)]  # <LOAD>
print(len(blocks))
