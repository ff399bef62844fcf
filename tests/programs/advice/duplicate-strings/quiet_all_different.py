"""A name for each of half a million files: no two are the same."""
# expect: no finding duplicate-strings

names = [f"/data/measurements/2013/part-{number:07d}.csv" for number in range(500_000)]
print(len(names), names[-1], max(map(len, names)))
