"""A cache without bound keeps forty arrays of 2 MB."""
# needs: import numpy
# expect: finding bounded-cache at CACHE symbol spectrum

from functools import cache

import numpy as np


@cache  # <CACHE> #-
def spectrum(number: int) -> np.ndarray:
    return np.full(250_000, float(number))


print(sum(float(spectrum(number)[0]) for number in range(40)))
