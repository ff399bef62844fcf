"""A list that grows by append, that is by realloc: one block that gets bigger, not a chain of blocks.

When a list is full it grows to (n + n // 8 + 6) rounded down to a multiple of four slots of 8 bytes. After 12,000,000 appends
that is the 100 MB that appended_list_buffer computes. The values are one shared None.
"""
# let: BUFFER = appended_list_buffer(12_000_000)
# expect: peak_heap_bytes ~ BUFFER
# expect: line GROW self ~ BUFFER
# expect: line GROW total ~ BUFFER
# expect: line EMPTY self < 1%
# expect: line GROW leaked ~ 0

slots: list[None] = []  # <EMPTY>
for _ in range(12_000_000):
    slots.append(None)  # <GROW>
