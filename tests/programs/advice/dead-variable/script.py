"""An array of 80 MB is read for the last time before the peak, and nothing else holds it."""
# needs: import numpy
# expect: finding dead-variable at LOADED symbol readings

import numpy as np

readings = np.ones(10_000_000)  # <LOADED>
total = float(readings.sum())
#+ del readings
weights = np.full(12_500_000, 2.0)
print(total, float(weights.sum()))
