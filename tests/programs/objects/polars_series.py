"""A series of Polars and nothing else: 10,000,000 numbers of 8 bytes, in a pool whose blocks nobody sees."""
# needs: import polars
# expect: peak_heap_bytes ~ 80_000_000 .. 300_000_000
# expect: object numbers bytes ~ 80_000_000
# expect: object numbers is polars.Series

import polars as pl

numbers = pl.int_range(10_000_000, eager=True)
