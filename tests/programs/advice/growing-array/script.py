"""np.append copies the whole array for every chunk: old and new at the peak."""
# needs: import numpy
# expect: finding growing-array at APPEND symbol collected

import numpy as np

collected = np.empty(0)  #-
for number in range(20):  #-
    collected = np.append(collected, np.full(500_000, number / 3))  # <APPEND> #-
#+ collected = np.empty(10_000_000)
#+ for number in range(20):
#+     collected[number * 500_000 : (number + 1) * 500_000] = number / 3
print(collected.shape, float(collected.sum()) > 0)
