"""Coroutines: ten tasks in a gather, each awaiting a coroutine that allocates; the awaiting lines have it in their totals.

Ten blocks of 10 MB in the innermost coroutine, and ten of 2 MB in the task itself: 120 MB, all held at the same time because each
task waits for the others. Importing asyncio takes up to 16 MB, before that.
"""
# let: MB = 1_000_000
# expect: peak_heap_bytes ~ 120 * MB .. 136 * MB
# expect: line FETCH self ~ 100 * MB
# expect: line FETCH total ~ 100 * MB
# expect: line AWAIT self < 1%
# expect: line AWAIT total ~ 100 * MB
# expect: line OWN self ~ 20 * MB
# expect: line AWAIT_TASK total ~ 100 * MB
# expect: line RUN total > 120 * MB
# expect: function fetch self ~ 100 * MB
# expect: function load total ~ 100 * MB
# expect: function task self ~ 20 * MB
# expect: function task total ~ 120 * MB

import asyncio


async def fetch() -> bytearray:
    await asyncio.sleep(0)
    return bytearray(10_000_000)  # <FETCH>


async def load() -> bytearray:
    return await fetch()  # <AWAIT>


async def task(everyone: asyncio.Event, waiting: list[int]) -> int:
    own = bytearray(2_000_000)  # <OWN>
    block = await load()  # <AWAIT_TASK>
    waiting.append(len(own) + len(block))
    if len(waiting) == 10:
        everyone.set()
    await everyone.wait()
    return len(block)


async def main() -> None:
    everyone = asyncio.Event()
    waiting: list[int] = []
    await asyncio.gather(*(task(everyone, waiting) for _ in range(10)))


asyncio.run(main())  # <RUN>
