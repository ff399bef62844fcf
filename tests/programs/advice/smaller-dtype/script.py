"""Ages from 0 to 99 in eight bytes each: 80 MB where 10 MB would do."""
# needs: import numpy
# expect: finding smaller-dtype at AGES symbol ages

import numpy as np

ages = np.tile(np.arange(100), 100_000)  # <AGES> #-
#+ ages = np.tile(np.arange(100, dtype=np.int8), 100_000)
print(float(ages.mean()), int(ages.max()), ages[:3].tolist())
