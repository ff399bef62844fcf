"""A category of 16 values is a code of one byte for each row: 20,000,000 rows, 20 MB."""
# needs: import pandas
# expect: peak_heap_bytes ~ 20_000_000 .. 290_000_000
# expect: object kinds bytes ~ 20_000_000

import numpy as np
import pandas as pd

codes = np.zeros(20_000_000, dtype=np.int8)
kinds = pd.Series(pd.Categorical.from_codes(codes, categories=[f"kind {number}" for number in range(16)]))
del codes
behind = bytearray(60_000_000)
