"""What a function keeps of the one that made it: 21 MB."""
# expect: peak_heap_bytes ~ 21_000_000 .. 22_000_000
# expect[3.11+]: object make.<locals>.read.read.kept bytes ~ bytearray_of(21_000_000)
# expect[3.11+]: object make.<locals>.read.read.kept made KEPT

from collections.abc import Callable


def make() -> Callable[[int], int]:
    kept = bytearray(21_000_000)  # <KEPT>

    def read(place: int) -> int:
        return kept[place]

    return read


read = make()
