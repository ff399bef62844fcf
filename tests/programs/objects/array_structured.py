"""Records of 8 + 4 + 4 bytes: 2,000,000 of them, 32 MB."""
# needs: import numpy
# expect: peak_heap_bytes ~ 32_000_000 .. 95_000_000
# expect: object records bytes ~ 32_000_000
# expect: object records made RECORDS

import numpy as np

records = np.ones(2_000_000, dtype=[("price", "f8"), ("count", "i4"), ("kind", "i4")])  # <RECORDS>
