"""Numbers and text in one list."""
# expect: no finding array-not-list

values = [number if number % 2 else str(number) for number in range(1_000_000)]
print(len(values), values[10])
