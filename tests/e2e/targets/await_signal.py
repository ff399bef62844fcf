"""Says that it is ready, then waits for signals as it was told.

`plain`: waits for whatever ends it. `handle`: notes SIGINT, SIGTERM and SIGUSR1 until its stdin ends, then prints
what came and ends with 4. `stop`: stops itself, and prints a word when it is continued.
"""

import os
import signal
import sys
from types import FrameType

received: list[str] = []
block = bytearray(5_000_000)


def handler(number: int, frame: FrameType | None) -> None:
    """Notes a signal."""
    received.append(signal.Signals(number).name)
    print("got", received[-1], flush=True)


kind = sys.argv[1]
if kind == "handle":
    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(wanted, handler)
print("ready", os.getpid(), flush=True)
if kind == "stop":
    os.kill(os.getpid(), signal.SIGSTOP)
    print("continued", flush=True)
elif kind == "handle":
    sys.stdin.buffer.read()
    print(" ".join(received), flush=True)
    sys.exit(4)
else:
    sys.stdin.buffer.read()
    print("end of input", flush=True)
