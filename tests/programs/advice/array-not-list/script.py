"""A random walk: every position of two million steps, in a list of floats."""
# expect: finding array-not-list at WALK symbol positions

#+ from array import array
import random

random.seed(7)
position = 0.0
positions = []  #-
#+ positions = array("d")
for _ in range(2_000_000):
    position += random.uniform(-1, 1)
    positions.append(position)  # <WALK>
highest = max(positions)
average = sum(positions) / len(positions)
above = sum(1 for position in positions if position > average)
print(f"{highest:.3f} {average:.3f} {above}")
