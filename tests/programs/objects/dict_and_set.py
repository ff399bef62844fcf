"""1,000 texts of 20,000 characters in a dict and as many in a set; what both hold belongs to both."""
# let: TEXT = ascii_str_of(20_000)
# expect: peak_heap_bytes ~ 2_000 * TEXT + bytearray_of(5_000_000) within 3%
# expect: object by_number bytes ~ 1_000 * TEXT
# expect: object different bytes ~ 2_000 * TEXT
# expect: object different alone ~ 1_000 * TEXT

by_number = {number: f"{number:020000d}" for number in range(1_000)}
different = {f"{number:020000d}" for number in range(1_000, 2_000)}
different.update(by_number.values())
behind = bytearray(5_000_000)
