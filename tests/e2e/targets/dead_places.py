"""Frames with a dead place on their evaluation stacks, in which the address of what is no object any more still stands.

The heap reaches new heights meanwhile, so that looks are taken: whoever believes such a place reads what cannot be
read. Prints how many of the objects made by hand are dead.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any

HEIGHTS = 12
# References, far from the end and from what never ends.
REFERENCES = 1 << 20
# Too low for any mapping.
NOWHERE = 4096

memory: list[Any] = []
kept: list[bytes] = []


def shown() -> Any:
    """An object that stands in memory of this program's own: a float, for now."""
    memory.append((ctypes.c_char * 64)())
    struct.pack_into("nPd", memory[-1], 0, REFERENCES, id(float), 1.5)
    return ctypes.cast(memory[-1], ctypes.py_object).value


def end(number: int) -> None:
    """Makes a list of a million elements of it, that lie where there is no memory."""
    struct.pack_into("nPnPn", memory[number], 0, REFERENCES, id(list), 1_000_000, NOWHERE, 1_000_000)


def grow() -> None:
    """Looks are taken in here, between two instructions."""
    for _ in range(HEIGHTS):
        kept.append(bytes(3_000_000))


def called() -> None:
    """A frame that calls a function of Python, with a dead place above what it computes with."""
    number = len(memory)
    (0, 1, 2, 3, 4, 5, 6, 7, shown())
    end(number)
    grow()


def at_work() -> None:
    """A frame that is at work itself, with a dead place above what it computes with."""
    number = len(memory)
    (0, 1, 2, 3, 4, 5, 6, 7, shown())
    end(number)
    for _ in range(HEIGHTS):
        kept.append(bytes(3_000_000))


called()
at_work()
print(len(memory))
