"""An array is rebound to its own sum: two of them at the peak."""
# needs: import numpy
# expect: finding in-place at STEP symbol state

import numpy as np

state = np.random.default_rng(7).random(10_000_000)
for _ in range(3):
    state = state * 0.5  # <STEP> #-
    #+ state *= 0.5
print(float(state.max()) < 1)
