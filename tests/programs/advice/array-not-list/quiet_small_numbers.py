"""A list of small numbers: the interpreter has one object for each, so there is nothing behind the pointers."""
# expect: no finding array-not-list

ages = [number * 7 % 100 for number in range(3_000_000)]
print(sum(ages) / len(ages), max(ages))
