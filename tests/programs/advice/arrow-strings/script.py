"""Object strings that are all different: 70 bytes a row where Arrow takes 20."""
# needs: import pandas
# expect: finding arrow-strings at KEYS symbol frame

import pandas as pd

frame = pd.DataFrame({"key": pd.Series([f"order-{number:09d}" for number in range(1_000_000)], dtype=object)})  # <KEYS>
for _ in range(5):
    longest = max(map(len, frame["key"]))
print(frame["key"].iloc[-1], longest)
