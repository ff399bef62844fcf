"""Read no more, but another name holds the same array: to delete one name frees nothing."""
# needs: import numpy
# expect: no finding

import numpy as np

readings = np.ones(10_000_000)
kept = [readings]
total = float(readings.sum())
weights = np.full(12_500_000, 2.0)
print(total, float(weights.sum()), float(kept[0][0]))
