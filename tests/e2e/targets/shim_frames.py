"""An `__init__` that a class is called for, above a frame of CPython's own whose word for the globals is a stale one.

CPython 3.13 and newer put that frame beneath such an `__init__` once the call is specialised, and leave the word as it
was before: here a namespace that has been freed, with other objects in its place since.
"""

from types import FunctionType
from typing import Any


class Grown:
    def __init__(self, size: int) -> None:
        self.values = bytearray(size)
        # The look that the memory asks for comes between two turns.
        for _ in range(1_000):
            pass


def call(made: Any, argument: int) -> Any:
    return made(argument)


def main() -> None:
    for _ in range(100):
        call(Grown, 10)
    strangers = [FunctionType((lambda argument: argument).__code__, {"left": "behind"})]
    # What is freed does not wait on a list of CPython's for the next dict, which is full.
    dicts: list[dict[str, int]] = [{} for _ in range(200)]
    dicts.clear()
    call(strangers.pop(), 0)
    # As large as a dict, and -1 where a dict has its type.
    others = [bytes([number % 256]) * 31 for number in range(20_000)]
    grown = call(Grown, 30_000_000)
    print(len(others), len(grown.values))


main()
