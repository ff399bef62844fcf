"""Not strings alone: lists and numbers stand in the column too."""
# needs: import pandas
# expect: no finding arrow-strings

import pandas as pd

frame = pd.DataFrame({"key": pd.Series([[number] if number % 2 else str(number) for number in range(400_000)], dtype=object)})
print(frame["key"].iloc[-1], len(frame))
