"""A list with a name, made for one sum."""
# expect: finding stream-not-list at SQUARES

import math

roots = [math.sqrt(number) for number in range(2_000_000)]  # <SQUARES> #-
#+ roots = (math.sqrt(number) for number in range(2_000_000))
print(sum(roots))
