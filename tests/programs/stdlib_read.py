"""A file read through the standard library: the user's line calls pathlib, which calls C; the line has it in its total.

60 MB of bytes from a sparse file, and a text of 40 MB decoded from other bytes. Importing pathlib and tempfile takes up to 6 MB.
"""
# let: CONTENT = bytes_of(60_000_000)
# let: TEXT = ascii_str_of(40_000_000)
# let: SOURCE = bytes_of(40_000_000)
# expect: peak_heap_bytes ~ CONTENT + TEXT + SOURCE .. CONTENT + TEXT + SOURCE + 6_000_000
# expect: line READ self < 1%
# expect: line READ total ~ CONTENT
# expect: line SOURCE self ~ SOURCE
# expect: line DECODE self ~ TEXT

import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "sparse"
    with path.open("wb") as file:
        file.truncate(60_000_000)
    content = path.read_bytes()  # <READ>
letter, count = b"x", 40_000_000
source = letter * count  # <SOURCE>
text = source.decode("ascii")  # <DECODE>
