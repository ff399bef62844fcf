"""Ways through a grid: each place is asked for by its two neighbours, and forgetting one would count it again."""
# expect: no finding bounded-cache

from functools import cache


@cache
def ways(row: int, column: int) -> int:
    if row == 0 or column == 0:
        return 1
    return (ways(row - 1, column) + ways(row, column - 1)) % 1_000_007


for row in range(500):
    for column in range(500):
        corner = ways(row, column)
print(corner)
