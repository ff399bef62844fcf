"""Four million integers.

An integer below 2**30 needs 24 bytes of header and size and one digit of 4: CPython 3.10 asks for those 28 bytes, later versions
for the whole struct, 32. The list made from a range has exactly its slots, 32 MB.
"""
# let[3.10]: INTS = 4_000_000 * 28
# let[3.11+]: INTS = 4_000_000 * 32
# expect: peak_heap_bytes ~ INTS + list_of(4_000_000)
# expect: line NUMBERS self ~ INTS + list_of(4_000_000)
# expect: line NUMBERS allocations ~ 4_000_000

numbers = list(range(1_000_000, 5_000_000))  # <NUMBERS>
