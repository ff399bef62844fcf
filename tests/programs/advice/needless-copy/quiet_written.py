"""The copy is written to: it is needed."""
# needs: import numpy
# expect: no finding needless-copy

import numpy as np

samples = np.random.default_rng(4).random(10_000_000)
scratch = samples.copy()
scratch[0] = 7.0
print(float(samples[0]) < 1, float(scratch[0]))
print(float(samples.mean()) > 0, float(scratch.max()))
