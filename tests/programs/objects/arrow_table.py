"""An Arrow table: 2,000,000 numbers of 8 bytes, and as many strings of 12 bytes with offsets of 4."""
# needs: import pyarrow
# expect: peak_heap_bytes ~ 48_000_000 .. 200_000_000
# expect: object table bytes ~ 48_000_000
# expect: object table is pyarrow.Table
# expect: object table['number'] bytes ~ 16_000_000
# expect: object table['text'] bytes ~ 32_000_000
# expect: object table['text'] made TEXT

import numpy as np
import pyarrow as pa

numbers = pa.array(np.full(2_000_000, 123_456_789_012))
table = pa.table(
    {
        "number": numbers,
        "text": numbers.cast(pa.string()),  # <TEXT>
    }
)
