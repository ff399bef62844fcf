"""Strings of pandas that Arrow keeps: 1,000,000 of 12 bytes with offsets of 8, 20 MB."""
# needs: import pandas
# needs: import pyarrow
# expect: peak_heap_bytes ~ 20_000_000 .. 240_000_000
# expect: object names bytes ~ 20_000_000

import pandas as pd
import pyarrow as pa

names = pd.Series(
    pa.array(("%012d" % number for number in range(1_000_000)), type=pa.large_string()),
    dtype=pd.ArrowDtype(pa.large_string()),
)
