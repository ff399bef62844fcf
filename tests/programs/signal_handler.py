"""A Python signal handler runs between two instructions of whatever line is running; its block is its own.

45 MB in the handler, 55 MB in the function that raises the signal. Importing signal takes up to 1 MB.
"""
# expect: peak_heap_bytes ~ 100_000_000 .. 101_000_000
# expect: line HANDLER self ~ 45_000_000
# expect: line OWN self ~ 55_000_000
# expect: line CALL total ~ 100_000_000
# expect: function handler self ~ 45_000_000

import signal
from types import FrameType

kept: list[bytearray] = []


def handler(number: int, frame: FrameType | None) -> None:
    kept.append(bytearray(45_000_000))  # <HANDLER>


def work() -> None:
    own = bytearray(55_000_000)  # <OWN>
    signal.raise_signal(signal.SIGUSR1)
    kept.append(own)


signal.signal(signal.SIGUSR1, handler)
work()  # <CALL>
