"""True, False and None."""
# expect: no finding bitmask

answers = [None, True, False] * 2_000_000
print(answers.count(None), sum(1 for answer in answers[:300] if answer))
