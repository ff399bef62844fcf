"""Many small blocks, allocated at the bottom of 2,000 calls: a stack must not be read from end to end for each.

300,000 tuples of three (64 bytes with the collector's header) are 19.2 MB, their list made beforehand is 2.4 MB.
"""
# let: TUPLES = 300_000 * tuple_of(3)
# let: SLOTS = list_of(300_000)
# expect: peak_heap_bytes ~ TUPLES + SLOTS .. TUPLES + SLOTS + 1_200_000
# expect: line FILL self ~ TUPLES
# expect: line FILL allocations ~ 300_000
# expect: line SLOTS self ~ SLOTS
# expect: line DESCEND total ~ TUPLES + SLOTS .. TUPLES + SLOTS + 1_200_000

import sys

sys.setrecursionlimit(10_000)


def fill() -> int:
    kept: list[object] = [None] * 300_000  # <SLOTS>
    for turn in range(300_000):
        kept[turn] = (kept, kept, None)  # <FILL>
    return len(kept)


def descend(depth: int) -> int:
    if depth == 1:
        return fill()
    return descend(depth - 1)  # <DESCEND>


descend(2_000)
