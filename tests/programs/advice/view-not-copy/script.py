"""An index of consecutive numbers copies what a slice would only show."""
# needs: import numpy
# expect: finding view-not-copy at WINDOW symbol window

import numpy as np

signal = np.random.default_rng(6).random(10_000_000)
window = signal[np.arange(1_000, 9_001_000)]  # <WINDOW> #-
#+ window = signal[1_000:9_001_000]
print(float(window.mean()) > 0, float(signal[0]) < 1)
