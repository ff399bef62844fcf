"""A million strings made anew for fifty different texts."""
# expect: finding duplicate-strings at NAMES symbol names

#+ import sys

names = []
for number in range(1_000_000):
    names.append(f"a city with a long name, number {number % 50}")  # <NAMES> #-
    #+ names.append(sys.intern(f"a city with a long name, number {number % 50}"))
for _ in range(10):
    longest = max(map(len, names))
print(longest, names[-1])
