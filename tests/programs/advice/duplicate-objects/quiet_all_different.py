"""Tuples that all differ."""
# expect: no finding duplicate-objects

colours = [(number / 3, number / 5) for number in range(300_000)]
print(len(colours), colours[-1])
