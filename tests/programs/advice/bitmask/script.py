"""A list of ten million bools: 8 bytes each where one would do."""
# expect: finding bitmask at SIEVE symbol prime

LIMIT = 10_000_000
prime = [True] * LIMIT  # <SIEVE> #-
#+ prime = bytearray([1]) * LIMIT
for number in range(2, 200):
    if prime[number]:
        for multiple in range(number * number, LIMIT, number * 500):
            prime[multiple] = False
print(sum(1 for flag in prime[:1000] if flag))
