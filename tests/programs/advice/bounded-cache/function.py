"""lru_cache with maxsize=None on a method-like function."""
# expect: finding bounded-cache at CACHE symbol table

from functools import lru_cache


@lru_cache(maxsize=None)  # <CACHE> #-
def table(number: int) -> bytearray:
    return bytearray(3_000_000 + number)


def main() -> None:
    print(sum(len(table(number)) for number in range(30)))


main()
