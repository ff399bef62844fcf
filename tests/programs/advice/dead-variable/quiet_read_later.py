"""A function that runs after the peak reads the global."""
# needs: import numpy
# expect: no finding

import numpy as np

readings = np.ones(10_000_000)


def first_reading() -> float:
    return float(readings[0])


total = float(readings.sum())
weights = np.full(12_500_000, 2.0)
print(total, float(weights.sum()), first_reading())
