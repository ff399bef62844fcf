"""The values need all eight bytes."""
# needs: import numpy
# expect: no finding

import numpy as np

random = np.random.default_rng(1)
keys = random.integers(0, 2**60, 10_000_000)
print(int(keys.max()), keys[:3].tolist())
