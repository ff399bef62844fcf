"""Three million floats of 24 bytes, with their list made beforehand: two lines, one of small blocks and one of a single block.

72 MB and 24 MB. The integers that the loop counts with live for one turn.
"""
# let: FLOATS = floats(3_000_000)
# expect: peak_heap_bytes ~ FLOATS + list_of(3_000_000)
# expect: line FILL self ~ FLOATS
# expect: line FILL allocations ~ 3_000_000 within exact 1%, sampled 5%
# expect: line SLOTS self ~ list_of(3_000_000)

values: list[float] = [0.0] * 3_000_000  # <SLOTS>
for turn in range(3_000_000):
    values[turn] = turn * 0.5  # <FILL>
