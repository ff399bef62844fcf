"""A frame of Polars: 3,000,000 rows of int64 and float64, and strings of 21 bytes behind views of 16."""
# needs: import polars
# expect: peak_heap_bytes ~ 200_000_000 .. 600_000_000
# expect: object summary.orders bytes ~ 159_000_000
# expect: object summary.orders is polars.DataFrame
# expect: object orders['number'] bytes ~ 24_000_000
# expect: object orders['price'] bytes ~ 24_000_000
# expect: object orders['text'] bytes ~ 111_000_000

import polars as pl


def load() -> pl.DataFrame:
    number = pl.int_range(3_000_000, eager=True)
    text = (number + 10_000_000_000_000_000_000 // 1_000).cast(pl.String) + "-abc"
    return pl.DataFrame({"number": number, "price": number * 0.5, "text": text})


def summary() -> int:
    orders = load()
    behind = bytearray(60_000_000)
    return orders.height + len(behind)


summary()
