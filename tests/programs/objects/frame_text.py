"""Strings of Python in a frame: 200,000 places of 8 bytes, and 16 texts that all share."""
# needs: import pandas
# expect: peak_heap_bytes ~ 1_600_000 + 16 * ascii_str_of(1_000_000) .. 160_000_000
# expect: object frame bytes ~ 1_600_000 + 16 * ascii_str_of(1_000_000)

import pandas as pd

texts = [str(number % 10) * 1_000_000 for number in range(16)]
frame = pd.DataFrame({"text": pd.Series([texts[number % 16] for number in range(200_000)], dtype=object)})
del texts
behind = bytearray(40_000_000)
