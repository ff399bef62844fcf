"""Whole numbers beyond 2**24, as floats: float32 would merge neighbours."""
# needs: import numpy
# expect: no finding

import numpy as np

values = np.arange(10_000_000, dtype=np.float64) * 17.0 + 2.0**40
print(float(values[-1] - values[-2]), float(values[0]))
