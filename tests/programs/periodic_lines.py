"""Two lines take turns in one loop; a sampler that watches a threshold charges all of it to one of them.

300 turns of 700,000 and 400,000 bytes: 210 MB and 120 MB, whatever the order in which they come.
"""
# let: FIRST_BLOCKS = 300 * bytearray_of(700_000)
# let: SECOND_BLOCKS = 300 * bytearray_of(400_000)
# expect: peak_heap_bytes ~ FIRST_BLOCKS + SECOND_BLOCKS
# expect: line FIRST self ~ FIRST_BLOCKS
# expect: line SECOND self ~ SECOND_BLOCKS
# expect: line CALL_FIRST total ~ FIRST_BLOCKS
# expect: line CALL_SECOND total ~ SECOND_BLOCKS
# expect: function first total ~ FIRST_BLOCKS
# expect: function second total ~ SECOND_BLOCKS


def first() -> bytearray:
    return bytearray(700_000)  # <FIRST>


def second() -> bytearray:
    return bytearray(400_000)  # <SECOND>


kept: list[bytearray] = []
for _ in range(300):
    kept.append(first())  # <CALL_FIRST>
    kept.append(second())  # <CALL_SECOND>
