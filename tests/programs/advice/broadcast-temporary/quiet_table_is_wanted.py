"""The table of all distances is what is wanted, and it is used twice."""
# needs: import numpy
# expect: no finding broadcast-temporary

import numpy as np

random = np.random.default_rng(3)
stores, homes = random.random(1_500), random.random(4_000)
distance = np.abs(homes[:, None] - stores[None, :])
print(distance.shape, float(distance.min(axis=1).max()) < 0.1)
print(float(distance.min(axis=0).max()) < 0.1)
