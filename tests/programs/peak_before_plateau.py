"""A short high peak, then a long lower plateau that must not be in the report of the peak.

150 MB for a moment, then 80 MB until the end, made by other lines.
"""
# let: HIGH = 15 * bytearray_of(10_000_000)
# let: LOW = 80 * bytearray_of(1_000_000)
# expect: peak_heap_bytes ~ HIGH
# expect: line HIGH self ~ HIGH
# expect: line HIGH allocated ~ HIGH
# expect: line LOW self < 1%
# expect: line LOW allocated ~ LOW
# expect: line HIGH leaked ~ 0


def burst() -> int:
    blocks = [bytearray(10_000_000) for _ in range(15)]  # <HIGH>
    return len(blocks)


burst()
plateau = [bytearray(1_000_000) for _ in range(80)]  # <LOW>
checksum = sum(block[turn % 100] for block in plateau for turn in range(2_000))
