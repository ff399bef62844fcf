"""What a module's globals hold at the end is freed when the interpreter goes down, and is not leaked.

60 MB in a list and 40 MB of small tuples (56 bytes), all reachable from a global name.
"""
# let: BLOCKS = 60 * bytearray_of(1_000_000)
# let: TUPLES = 700_000 * tuple_of(2)
# expect: peak_heap_bytes ~ BLOCKS + TUPLES + list_of(700_000)
# expect: leaked_bytes ~ 0 .. 2_000_000
# expect: line BLOCKS self ~ BLOCKS
# expect: line BLOCKS leaked ~ 0
# expect: line TUPLES self ~ TUPLES
# expect: line TUPLES leaked ~ 0

blocks = [bytearray(1_000_000) for _ in range(60)]  # <BLOCKS>
tuples: list[object] = [None] * 700_000
for turn in range(700_000):
    tuples[turn] = (None, turn.__class__)  # <TUPLES>
