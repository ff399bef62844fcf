"""pandas: group, merge, pivot and string work on generated sales."""

import sys

import numpy as np
import pandas as pd

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 4
ROWS = 200_000


def sales(turn: int) -> pd.DataFrame:
    random = np.random.default_rng(turn)
    frame = pd.DataFrame(
        {
            "shop": random.integers(0, 500, ROWS),
            "day": random.integers(0, 365, ROWS),
            "amount": random.gamma(2.0, 30.0, ROWS),
            "units": random.integers(1, 9, ROWS),
        }
    )
    frame["code"] = "P" + pd.Series(random.integers(0, 3000, ROWS)).astype(str).str.zfill(5)
    return frame


def analyse(frame: pd.DataFrame, shops: pd.DataFrame) -> float:
    joined = frame.merge(shops, on="shop", how="left")
    joined["price"] = joined["amount"] / joined["units"]
    by_region = joined.groupby(["region", "day"])[["amount", "units", "price"]].mean()
    weekly = by_region["amount"].unstack(0).rolling(7).mean()
    family = joined["code"].str.slice(1, 4) + "-" + joined["region"].str.upper()
    top = family.value_counts().head(20)
    ranked = joined.sort_values(["shop", "amount"], ascending=[True, False]).groupby("shop").head(3)
    wide = joined.pivot_table(index="shop", columns="region", values="amount", aggfunc="sum").fillna(0.0)
    return float(weekly.max().sum() + top.sum() + ranked["amount"].sum() + wide.to_numpy().sum())


def main() -> None:
    shops = pd.DataFrame(
        {"shop": range(500), "region": [("north", "south", "east", "west")[i % 4] for i in range(500)]}
    )
    print(round(sum(analyse(sales(turn), shops) for turn in range(ROUNDS)), 2))


main()
