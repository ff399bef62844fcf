"""Strings of pandas that Arrow keeps: 1,000,000 of 12 bytes with offsets of 8, 20 MB."""
# needs: import pandas
# needs: import pyarrow
# expect: peak_heap_bytes ~ 20_000_000 .. 300_000_000
# expect: object names bytes ~ 20_000_000

import numpy as np
import pandas as pd
import pyarrow as pa

texts = pa.array(np.full(1_000_000, 123_456_789_012)).cast(pa.large_string())
names = pd.Series(texts, dtype=pd.ArrowDtype(pa.large_string()))
del texts
behind = bytearray(60_000_000)
