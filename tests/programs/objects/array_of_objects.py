"""An array of 400,000 different floats: 8 bytes a place and the floats."""
# needs: import numpy
# expect: peak_heap_bytes ~ 3_200_000 + floats(400_000) .. 100_000_000
# expect: object boxed bytes ~ 3_200_000 + floats(400_000)

import numpy as np

boxed = np.empty(400_000, dtype=object)
for number in range(400_000):
    boxed[number] = number + 0.5
