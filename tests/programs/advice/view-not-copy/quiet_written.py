"""The chosen elements are scaled in place: a view would change the original."""
# needs: import numpy
# expect: no finding view-not-copy

import numpy as np

signal = np.random.default_rng(6).random(10_000_000)
head = signal[np.arange(0, 8_000_000)]
head *= 2.0
print(float(head.max()) > 1, float(signal.max()) < 1)
