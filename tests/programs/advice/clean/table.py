"""A table read with the types and columns that it needs, then aggregated."""
# needs: import pandas
# expect: no finding

import io

import numpy as np
import pandas as pd


def file() -> io.StringIO:
    random = np.random.default_rng(12)
    text = io.StringIO()
    frame = pd.DataFrame({"shop": random.integers(0, 50, 400_000), "price": random.random(400_000).round(6)})
    frame.to_csv(text, index=False)
    text.seek(0)
    return text


def main() -> None:
    with file() as source:
        sales = pd.read_csv(source, usecols=["shop", "price"], dtype={"shop": np.int8, "price": np.float64})
    by_shop = sales.groupby("shop")["price"].agg(["size", "mean"])
    print(by_shop["size"].sum(), by_shop["mean"].between(0, 1).all())
    print(sales["price"].max() <= 1)


main()
