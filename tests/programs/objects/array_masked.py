"""A masked array is its values and a mask: 3,000,000 of 8 and of 1 byte, 27 MB."""
# needs: import numpy
# expect: peak_heap_bytes ~ 27_000_000 .. 95_000_000
# expect: object masked bytes ~ 27_000_000
# expect: object masked made VALUES

import numpy as np

masked = np.ma.MaskedArray(
    np.ones(3_000_000),  # <VALUES>
    mask=np.zeros(3_000_000, dtype=bool),
)
