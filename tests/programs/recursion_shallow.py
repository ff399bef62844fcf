"""A function that calls itself: a block counts once for a line, however often the line is on the stack.

Twenty levels of 5 MB are 100 MB. The calling line is on the stack of nineteen of them: 95 MB with callees, not the
950 MB that adding up its frames would give.
"""
# let: BLOCK = bytearray_of(5_000_000)
# expect: peak_heap_bytes ~ 20 * BLOCK
# expect: line HOLD self ~ 20 * BLOCK
# expect: line HOLD total ~ 20 * BLOCK
# expect: line DESCEND self < 1%
# expect: line DESCEND total ~ 19 * BLOCK
# expect: line TOP total ~ 20 * BLOCK
# expect: function descend self ~ 20 * BLOCK
# expect: function descend total ~ 20 * BLOCK


def descend(depth: int) -> list[bytearray]:
    block = bytearray(5_000_000)  # <HOLD>
    if depth == 1:
        return [block]
    return [block, *descend(depth - 1)]  # <DESCEND>


blocks = descend(20)  # <TOP>
