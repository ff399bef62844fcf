"""Says that it is ready, then waits for signals as it was told, or for the end of its input.

`plain`: waits for whatever ends it. `handle`: notes SIGINT, SIGTERM and SIGUSR1 until its input ends, then prints
what came and ends with 4. `stop`: stops itself, and prints a word when it is continued.
"""

import os
import select
import signal
import sys
from types import FrameType

received: list[str] = []
block = bytearray(5_000_000)


def handler(number: int, frame: FrameType | None) -> None:
    """Notes a signal."""
    received.append(signal.Signals(number).name)
    # Not print: it may be what was interrupted.
    os.write(1, f"got {received[-1]}\n".encode())


def await_end_of_input() -> None:
    """Returns when stdin ends. A signal that comes just before a blocking call would be handled after it only; the
    byte that a signal leaves in a pipe makes the call return."""
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    os.write(1, b"ready %d\n" % os.getpid())
    while True:
        readable, _, _ = select.select([0, wake], [], [])
        if wake in readable:
            os.read(wake, 100)
        elif not os.read(0, 100):
            return


kind = sys.argv[1]
if kind == "handle":
    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(wanted, handler)
    await_end_of_input()
    print(" ".join(received), flush=True)
    sys.exit(4)
elif kind == "stop":
    os.write(1, b"ready %d\n" % os.getpid())
    os.kill(os.getpid(), signal.SIGSTOP)
    print("continued", flush=True)
else:
    await_end_of_input()
    print("end of input", flush=True)
