"""What bytes are kept in: bytes, bytearray, array, and a view of memory that keeps the rest alive."""
# expect: peak_heap_bytes ~ 70_000_000 .. 71_000_000
# expect: object packed bytes ~ bytes_of(10_000_000)
# expect: object packed made PACKED
# expect: object grown bytes ~ bytearray_of(20_000_000)
# expect: object numbers bytes ~ 16_000_000
# expect: object seen bytes ~ bytes_of(24_000_000)
# expect: object seen made SEEN

import array

packed = bytes(10_000_000)  # <PACKED>
grown = bytearray(20_000_000)
numbers = array.array("d", bytes(8)) * 2_000_000
seen = memoryview(bytes(24_000_000))[10:20]  # <SEEN>
