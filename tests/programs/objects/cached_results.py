"""What a cache keeps: 100 results of 200,000 bytes."""
# let: RESULT = bytes_of(200_000)
# expect: peak_heap_bytes ~ 100 * RESULT within 4%
# expect: object page bytes ~ 100 * RESULT
# expect: object page made PAGE

from functools import lru_cache


@lru_cache(maxsize=None)
def page(number: int) -> bytes:
    return bytes(200_000)  # <PAGE>


for number in range(100):
    page(number)
