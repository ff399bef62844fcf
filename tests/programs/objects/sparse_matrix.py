"""Compressed rows: 1,000,000 values of 8 bytes, as many columns of 4, and a pointer of 4 for each of 1,000,001 rows."""
# needs: import scipy
# expect: peak_heap_bytes ~ 16_000_000 .. 140_000_000
# expect: object matrix bytes ~ 16_000_000

import scipy.sparse as sp

matrix = sp.identity(1_000_000, format="csr")
