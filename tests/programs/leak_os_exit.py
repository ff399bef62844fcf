"""os._exit ends the process on the spot: all that is live then is leaked, and the exit code is the program's own.

80 MB in a global list, and 20 MB more in a local of the function that ends it.
"""
# let: MB = 1_000_000
# expect: peak_heap_bytes ~ 100 * MB
# expect: leaked_bytes ~ 100 * MB .. 103 * MB
# expect: line BLOCKS leaked ~ 80 * MB
# expect: line LOCAL leaked ~ 20 * MB
# expect: exit code 7

import os

blocks = [bytearray(1_000_000) for _ in range(80)]  # <BLOCKS>


def leave() -> None:
    local = bytearray(20_000_000)  # <LOCAL>
    os._exit(7 if local is not None else 1)


leave()
