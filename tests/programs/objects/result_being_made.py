"""A list that a comprehension has not finished has no name yet: 4,000 times 20,000 bytes."""
# let: BLOCK = bytes_of(20_000)
# expect: peak_heap_bytes ~ 4_000 * BLOCK
# expect[3.11+]: object result_being_made bytes ~ 4_000 * BLOCK within 15%


def block(number: int) -> bytes:
    return bytes(20_000)


def total() -> int:
    return len([block(number) for number in range(4_000)])


total()
