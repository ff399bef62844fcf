"""The list is read twice: a generator would be empty the second time."""
# expect: no finding stream-not-list

values = [number * number for number in range(1_000, 1_500_000)]
print(sum(values), max(values))
