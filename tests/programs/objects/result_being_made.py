"""A list that a comprehension has not finished has no name yet: 1,000 times 20,000 bytes."""
# let: BLOCK = bytes_of(20_000)
# expect: peak_heap_bytes ~ 1_000 * BLOCK
# expect: object result_being_made bytes ~ 1_000 * BLOCK within 10%


def block(number: int) -> bytes:
    return bytes(20_000)


def total() -> int:
    return sum(len(each) for each in [block(number) for number in range(1_000)])


total()
