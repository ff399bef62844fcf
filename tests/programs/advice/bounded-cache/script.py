"""Every page is asked for once, and the cache keeps them all."""
# expect: finding bounded-cache at CACHE symbol page

from functools import cache


@cache  # <CACHE> #-
def page(number: int) -> str:
    return "\n".join(f"entry {number * 1000 + line}" for line in range(100_000))


longest = 0
for number in range(40):
    longest = max(longest, len(page(number)))
print(longest)
