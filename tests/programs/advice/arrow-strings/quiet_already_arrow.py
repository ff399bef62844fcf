"""The strings are Arrow's already."""
# needs: import pandas
# needs: import pyarrow
# expect: no finding arrow-strings

import pandas as pd

frame = pd.DataFrame({"key": pd.Series((f"order-{number:012d}" for number in range(600_000)), dtype="string[pyarrow]")})
print(frame["key"].iloc[-1], frame["key"].str.len().max())
