"""A list of three million squares only to add them up."""
# expect: finding stream-not-list at SUM

total = sum([number * number for number in range(1_000, 3_000_000)])  # <SUM> #-
#+ total = sum(number * number for number in range(1_000, 3_000_000))
print(total)
