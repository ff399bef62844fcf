"""What a cache keeps: 40 results of 500,000 bytes."""
# let: RESULT = bytes_of(500_000)
# expect: peak_heap_bytes ~ 40 * RESULT
# expect: object page bytes ~ 40 * RESULT
# expect: object page made PAGE

from functools import lru_cache


@lru_cache(maxsize=None)
def page(number: int) -> bytes:
    return bytes(500_000)  # <PAGE>


for number in range(40):
    page(number)
