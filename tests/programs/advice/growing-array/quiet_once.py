"""One concatenation of all parts."""
# needs: import numpy
# expect: no finding growing-array

import numpy as np

parts = [np.full(500_000, number / 3) for number in range(20)]
collected = np.concatenate(parts)
print(collected.shape, float(parts[3][0]))
