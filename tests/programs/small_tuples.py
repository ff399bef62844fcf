"""A million and a half tuples of two: 16 bytes of collector's header, 24 of object header, two pointers: 56 bytes each.

84 MB, in a list made beforehand of 12 MB.
"""
# let: TUPLES = 1_500_000 * tuple_of(2)
# expect: peak_heap_bytes ~ TUPLES + list_of(1_500_000)
# expect: line FILL self ~ TUPLES
# expect: line FILL allocations ~ 1_500_000
# expect: line SLOTS self ~ list_of(1_500_000)

pairs: list[object] = [None] * 1_500_000  # <SLOTS>
for turn in range(1_500_000):
    pairs[turn] = (pairs, None)  # <FILL>
