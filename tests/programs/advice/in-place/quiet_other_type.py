"""The result has another type, which the old array cannot hold."""
# needs: import numpy
# expect: no finding in-place

import numpy as np

counts = np.arange(2**40, 2**40 + 10_000_000)
counts = counts / 3
print(float(counts.max()) > 0)
