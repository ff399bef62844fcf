"""np.array of an array copies it."""
# needs: import numpy
# expect: finding needless-copy at COPY symbol values

import numpy as np


def mean(data: np.ndarray) -> float:
    values = np.array(data)  # <COPY> #-
    #+ values = np.asarray(data)
    return float(np.median(values[:1000]) + values.sum())


samples = np.random.default_rng(4).random(10_000_000)
print(mean(samples) > 0)
print(len(samples))
