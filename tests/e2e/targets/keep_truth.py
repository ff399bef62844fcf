"""Allocates, resizes and frees for ever, and keeps in a shared page what it holds: the truth that outlives a kill.

The page is an array of 64-bit words. Word 0 counts the steps begun. A step first writes what may be true while it is on
its way, then its number; each word is stored at once, so whenever the program is killed the words of the last number
are whole. Words 1 + 4 * (number % 2) and on: bytes held before the step, in its midst, and behind it.

Arguments: the page; a seed; the step at which the program kills itself, 0 for never; how it does so.
"""

import ctypes
import mmap
import os
import random
import sys
import threading

LEAST = 200_000
# Of a bytes object: one block, whose header is before its content and whose zero is behind it.
HEADER = sys.getsizeof(b"")

page_name, seed, last_step, way = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
with open(page_name, "r+b") as file:
    page = memoryview(mmap.mmap(file.fileno(), 4096)).cast("Q")
chance = random.Random(seed)
held: list[bytes] = []
bytes_held = 0


def announce(number: int, midst: int, behind: int) -> None:
    """What step `number` makes of the bytes held."""
    at = 1 + 4 * (number % 2)
    page[at] = bytes_held
    page[at + 1] = midst
    page[at + 2] = behind
    page[0] = number


def die() -> None:
    """Ends the program without its exit handlers."""
    if way == "kill":
        os.kill(os.getpid(), 9)
    elif way == "exit":
        os._exit(0)
    elif way == "abort":
        os.abort()
    ctypes.string_at(0)


def churn() -> None:
    """Another thread, so that the capture has events of two, in one order."""
    others: list[tuple[int, int]] = []
    while True:
        others.append((len(others), 1))
        if len(others) > 5_000:
            others.clear()


def make(size: int) -> bytes:
    """A new block, the only thing that this function allocates.

    Not by `bytes(size)`: a call of a class makes a tuple of its arguments, 48 bytes that live while the block is made,
    and longer where the interpreter keeps the tuple for the next call.
    """
    return b"\0" * size


threading.Thread(target=churn, daemon=True).start()
number = 0
while True:
    number += 1
    if number == last_step:
        die()
    size = chance.randrange(LEAST, 2_000_000)
    small = [(number, turn) for turn in range(chance.randrange(100))]
    if len(held) < 4 or (len(held) < 40 and chance.random() < 0.55):
        behind = bytes_held + size + HEADER
        announce(number, behind, behind)
        held.append(make(size))
    else:
        index = chance.randrange(len(held))
        behind = bytes_held - len(held[index]) - HEADER
        announce(number, behind, behind)
        del held[index]
    bytes_held = behind
