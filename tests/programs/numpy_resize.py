"""An array resized in place is one realloc: it belongs to the line that resized it.

8 MB become 160 MB. Importing NumPy takes up to 60 MB.
"""
# needs: import numpy
# expect: peak_heap_bytes ~ 160_000_000 .. 220_000_000
# expect: line START self < 1%
# expect: line START allocated ~ 8_000_000
# expect: line GROW self ~ 160_000_000

import numpy as np

values = np.zeros(1_000_000)  # <START>
values.resize(20_000_000, refcheck=False)  # <GROW>
