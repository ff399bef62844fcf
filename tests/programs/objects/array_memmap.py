"""A mapped file is no heap; the copy of it is: 3,000,000 numbers of 8 bytes, 24 MB."""
# needs: import numpy
# expect: peak_heap_bytes ~ 24_000_000 .. 87_000_000
# expect: object copy bytes ~ 24_000_000
# expect: object copy made COPY
# expect: object mapped bytes < 1%

import tempfile

import numpy as np

with tempfile.TemporaryFile() as file:
    file.truncate(64_000_000)
    mapped = np.memmap(file, dtype=np.int64, mode="r")
copy = np.array(mapped[:3_000_000])  # <COPY>
