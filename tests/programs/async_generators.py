"""Asynchronous generators, comprehensions and context managers.

An asynchronous generator hands out 30 blocks of 1 MB to an asynchronous comprehension, an asynchronous context manager holds 50 MB
meanwhile, and its exit makes 40 MB when the others are still held: 120 MB. Importing asyncio takes up to 16 MB.
"""
# let: MB = 1_000_000
# expect: peak_heap_bytes ~ 120 * MB .. 136 * MB
# expect: line YIELD self ~ 30 * MB
# expect: line COLLECT total ~ 30 * MB
# expect: line ENTER self ~ 50 * MB
# expect: line LEAVE self ~ 40 * MB
# expect: function blocks self ~ 30 * MB
# expect: function __aenter__ self ~ 50 * MB
# expect: function __aexit__ self ~ 40 * MB

import asyncio
from collections.abc import AsyncIterator


class Resource:
    async def __aenter__(self) -> None:
        self.held = bytearray(50_000_000)  # <ENTER>

    async def __aexit__(self, *_: object) -> None:
        self.last = bytearray(40_000_000)  # <LEAVE>


async def blocks() -> AsyncIterator[bytearray]:
    for _ in range(30):
        await asyncio.sleep(0)
        yield bytearray(1_000_000)  # <YIELD>


async def main() -> int:
    resource = Resource()
    async with resource:
        collected = [block async for block in blocks()]  # <COLLECT>
    return len(collected) + len(resource.held) + len(resource.last)


asyncio.run(main())
