"""The narrowest type already."""
# needs: import numpy
# expect: no finding

import numpy as np

random = np.random.default_rng(1)
ages = random.integers(0, 100, 50_000_000, dtype=np.int8)
print(int(ages.max()), ages[:3].tolist())
