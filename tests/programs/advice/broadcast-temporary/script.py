"""Distances of 2,000 points to 1,000 others: the differences in twelve coordinates are larger than all the rest."""
# needs: import numpy
# expect: finding broadcast-temporary at DIFFERENCE

import numpy as np

random = np.random.default_rng(9)
left, right = random.random((2_000, 12)), random.random((1_000, 12))
squares = ((left[:, None, :] - right[None, :, :]) ** 2).sum(axis=-1)  # <DIFFERENCE> #-
#+ squares = np.empty((2_000, 1_000))
#+ for start in range(0, 2_000, 125):
#+     rows = slice(start, start + 125)
#+     squares[rows] = ((left[rows, None, :] - right[None, :, :]) ** 2).sum(axis=-1)
print(squares.shape, float(squares.max()) > 0)
