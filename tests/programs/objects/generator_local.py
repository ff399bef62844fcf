"""What a suspended generator holds: 25 MB, while 5 MB more are made."""
# expect: peak_heap_bytes ~ 30_000_000 .. 31_000_000
# expect: object pieces bytes ~ bytearray_of(25_000_000)
# expect: object pieces made WHOLE

from collections.abc import Iterator


def parts() -> Iterator[int]:
    whole = bytearray(25_000_000)  # <WHOLE>
    yield len(whole)
    yield whole[0]


pieces = parts()
next(pieces)
more = bytearray(5_000_000)
