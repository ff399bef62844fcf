"""A deep copy that nobody writes to."""
# needs: import numpy
# expect: finding needless-copy at COPY symbol snapshot

import copy

import numpy as np

samples = np.random.default_rng(4).random(10_000_000)
snapshot = copy.deepcopy(samples)  # <COPY> #-
#+ snapshot = samples
print(float(samples.mean()) > 0, float(snapshot.max()) < 1)
