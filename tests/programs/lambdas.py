"""Lambdas and functions that C code calls back: sorted, map, filter, functools.partial, and a cache in between.

The blocks belong to the line inside the callback; the line that called sorted or map has them in its total.
10 + 20 + 30 + 40 MB. Importing functools takes less than half a megabyte.
"""
# let: MB = 1_000_000
# expect: peak_heap_bytes ~ 100 * MB .. 100 * MB + 500_000
# expect: line KEY self ~ 10 * MB
# expect: line SORTED self < 1%
# expect: line SORTED total ~ 10 * MB
# expect: line LAMBDA self ~ 20 * MB
# expect: line MAP total ~ 20 * MB
# expect: line PARTIAL self ~ 30 * MB
# expect: line CALL_PARTIAL total ~ 30 * MB
# expect: line CACHED self ~ 40 * MB
# expect: line CALL_CACHED self < 1%
# expect: line CALL_CACHED total ~ 40 * MB
# expect: function key self ~ 10 * MB
# expect: line LAMBDA in <lambda>

import functools

kept: list[object] = []


def key(number: int) -> int:
    kept.append(bytearray(1_000_000))  # <KEY>
    return number


def sized(size: int, name: str) -> tuple[str, bytearray]:
    return name, bytearray(size)  # <PARTIAL>


@functools.lru_cache(maxsize=None)
def cached(size: int) -> bytearray:
    return bytearray(size)  # <CACHED>


make = (
    lambda size: bytearray(size)  # <LAMBDA>
)
ordered = sorted(range(10, 0, -1), key=key)  # <SORTED>
kept.extend(map(make, [5_000_000] * 4))  # <MAP>
kept.append(functools.partial(sized, 30_000_000)(name="large"))  # <CALL_PARTIAL>
kept.append([cached(40_000_000) for _ in range(3)])  # <CALL_CACHED>
