"""The original changes after the copy was made, in a function that was called."""
# needs: import numpy
# expect: no finding needless-copy

import numpy as np


def shift(values: np.ndarray) -> None:
    values += 1


samples = np.random.default_rng(4).random(10_000_000)
before = samples.copy()
print(float(before.sum() - samples.sum()))
shift(samples)
print(round(float(samples.sum() - before.sum())))
