"""The choice is no range: it must be copied."""
# needs: import numpy
# expect: no finding view-not-copy

import numpy as np

random = np.random.default_rng(6)
signal = random.random(10_000_000)
chosen = signal[random.permutation(10_000_000)[:8_000_000]]
print(float(chosen.mean()) > 0, float(signal[0]) < 1)
