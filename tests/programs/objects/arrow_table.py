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

table = pa.table(
    {
        "number": pa.array(np.arange(2_000_000) + 1, type=pa.int64(), mask=np.zeros(2_000_000, dtype=bool)),
        "text": pa.array(("%012d" % number for number in range(2_000_000)), type=pa.string()),  # <TEXT>
    }
)
