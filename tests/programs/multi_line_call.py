"""One statement over several lines: each argument's block belongs to the line it is written on.

30 + 50 + 20 MB.
"""
# expect: peak_heap_bytes ~ 100_000_000
# expect: line ONE self ~ 30_000_000
# expect: line TWO self ~ 50_000_000
# expect: line THREE self ~ 20_000_000


def combine(*blocks: bytearray, extra: bytearray) -> list[bytearray]:
    return [*blocks, extra]


kept = combine(
    bytearray(30_000_000),  # <ONE>
    bytearray(50_000_000),  # <TWO>
    extra=bytearray(20_000_000),  # <THREE>
)
