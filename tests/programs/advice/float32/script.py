"""Quarter degrees in float64: float32 holds each of them exactly."""
# needs: import numpy
# expect: finding float32 at GRID symbol temperatures

import numpy as np

temperatures = np.tile(np.arange(-160, 160) / 4, 40_000)  # <GRID> #-
#+ temperatures = np.tile((np.arange(-160, 160) / 4).astype(np.float32), 40_000)
print(float(temperatures.max()), float(temperatures.min()), temperatures.shape)
