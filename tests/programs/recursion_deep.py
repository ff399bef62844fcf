"""Recursion 2,000 calls deep; each level keeps a block.

2,000 bytes objects of 50,033 bytes are 100,066,000 bytes. The frames themselves take up to half a kilobyte a level, which
CPython 3.10 takes from the heap: at most 1.2 MB, on the calling line.
"""
# let: BLOCK = bytes_of(50_000)
# expect: peak_heap_bytes ~ 2_000 * BLOCK .. 2_000 * BLOCK + 1_200_000
# expect: line HOLD self ~ 2_000 * BLOCK
# expect: line DESCEND self < 2%
# expect: line DESCEND total ~ 1_999 * BLOCK .. 1_999 * BLOCK + 1_200_000
# expect: function descend total ~ 2_000 * BLOCK .. 2_000 * BLOCK + 1_200_000
# expect: stdout "2000\n"

import sys

sys.setrecursionlimit(10_000)


def descend(depth: int) -> int:
    block = bytes(50_000)  # <HOLD>
    if depth == 1:
        return 1
    below = descend(depth - 1)  # <DESCEND>
    return below + (len(block) == 50_000)


print(descend(2_000))
