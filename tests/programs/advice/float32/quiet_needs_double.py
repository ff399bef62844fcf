"""Thirds are rounded in float32: not the same numbers."""
# needs: import numpy
# expect: no finding

import numpy as np

values = np.arange(10_000_000) / 3
print(float(values.sum()), float(values[-1]))
