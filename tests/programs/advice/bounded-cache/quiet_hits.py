"""Nearly every question is answered from the cache: it does what it is for."""
# expect: no finding bounded-cache

from functools import cache


@cache
def table(number: int) -> bytearray:
    return bytearray(6_000_000 + number)


print(sum(len(table(number % 5)) for number in range(10_000)))
