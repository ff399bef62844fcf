"""Generators: memory of a suspended frame's locals, values yielded, and a chain of yield from.

A generator that stays suspended holds 30 MB in a local; three chained generators hand out 40 blocks of 1 MB, made at the
bottom; a generator is sent its size. 30 + 40 + 30 MB.
"""
# let: MB = 1_000_000
# expect: peak_heap_bytes ~ 100 * MB
# expect: line LOCAL self ~ 30 * MB
# expect: line NEXT self < 1%
# expect: line NEXT total ~ 30 * MB
# expect: line BOTTOM self ~ 40 * MB
# expect: line MIDDLE self < 1%
# expect: line MIDDLE total ~ 40 * MB
# expect: line TOP total ~ 40 * MB
# expect: line COLLECT total ~ 40 * MB
# expect: line SENT self ~ 30 * MB
# expect: line SEND total ~ 30 * MB
# expect: function bottom self ~ 40 * MB
# expect: function holder self ~ 30 * MB

from collections.abc import Generator, Iterator


def holder() -> Iterator[int]:
    local = bytearray(30_000_000)  # <LOCAL>
    yield len(local)
    yield len(local)


def bottom() -> Iterator[bytearray]:
    for _ in range(40):
        yield bytearray(1_000_000)  # <BOTTOM>


def middle() -> Iterator[bytearray]:
    yield from bottom()  # <MIDDLE>


def top() -> Iterator[bytearray]:
    yield from middle()  # <TOP>


def receiver() -> Generator[bytearray, int, None]:
    block = bytearray(1)
    while True:
        size = yield block
        block = bytearray(size)  # <SENT>


suspended = holder()
next(suspended)  # <NEXT>
blocks = list(top())  # <COLLECT>
echo = receiver()
next(echo)
sent = echo.send(30_000_000)  # <SEND>
