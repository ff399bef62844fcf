"""Every string is another one: categories would take more."""
# needs: import pandas
# expect: no finding category-strings

import pandas as pd

frame = pd.DataFrame({"key": [f"order-{number:09d}" for number in range(600_000)]})
print(frame["key"].iloc[-1])
