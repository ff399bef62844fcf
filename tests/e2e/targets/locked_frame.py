"""A frame of Polars that is written to a file of Python's own: while Python runs here, Polars has the frame locked.

Whoever asked the frame for its columns then would wait for ever.
"""

import importlib
from typing import Any

pl: Any = importlib.import_module("polars")


class File:
    """Keeps memory while it is written to, so that the objects are looked at."""

    def __init__(self) -> None:
        self.kept: list[bytearray] = []

    def read(self, _count: int) -> bytes:
        return b""

    def write(self, text: bytes) -> int:
        if len(self.kept) < 8:
            self.kept.append(bytearray(b"x") * 10_000_000)
        return len(text)

    def seek(self, place: int) -> int:
        return place

    def flush(self) -> None:
        pass


frame = pl.DataFrame({"number": range(2_000_000)})
file = File()
frame.write_json(file)
frame.write_csv(file)
print(frame.height, len(file.kept))
