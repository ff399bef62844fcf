"""The first state is kept by another name: to write into it would change that too."""
# needs: import numpy
# expect: no finding in-place

import numpy as np

state = np.random.default_rng(7).random(10_000_000)
first = state
state = state * 0.5
print(float(state.max()) < 1, float(first.max()) < 1)
