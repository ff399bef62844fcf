"""Integers of more than 64 bits fit no array."""
# expect: no finding array-not-list

values = [(1 << 70) + number for number in range(1_000_000)]
print(values[-1] - values[0], len(values))
