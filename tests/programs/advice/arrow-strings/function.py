"""In a function, two columns."""
# needs: import pandas
# expect: finding arrow-strings at KEYS symbol frame

import pandas as pd


def keys(prefix: str, count: int) -> pd.Series:
    return pd.Series([f"{prefix}-{number:08d}" for number in range(count)], dtype=object)


def main() -> None:
    frame = pd.DataFrame({"a": keys("left", 500_000), "b": keys("right", 500_000)})  # <KEYS>
    for _ in range(5):
        longest = max(map(len, frame["a"]))
    print(frame["a"].iloc[-1], frame["b"].iloc[0], longest)


main()
