"""A cache with a bound that is used for what it is for."""
# expect: no finding

from functools import lru_cache


@lru_cache(maxsize=8)
def page(number: int) -> bytes:
    return bytes([number % 256]) * 1_000_000


print(sum(page(number % 6)[0] for number in range(5_000)))
