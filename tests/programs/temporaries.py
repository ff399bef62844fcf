"""The peak is inside one expression: both operands and their sum, of which nothing is kept.

80 MB + 40 MB of operands and 120 MB of result are live together: 240 MB. Before it 50 MB are made, and kept.
"""
# let: KEPT = bytearray_of(50_000_000)
# let: OPERANDS = bytes_of(80_000_000) + bytes_of(40_000_000)
# let: RESULT = bytes_of(120_000_000)
# expect: peak_heap_bytes ~ KEPT + OPERANDS + RESULT
# expect: line SUM self ~ OPERANDS + RESULT
# expect: line KEEP self ~ KEPT
# expect: line AFTER self < 1%
# expect: line AFTER allocated ~ bytearray_of(60_000_000)
# expect: stdout "120000000\n"

kept = bytearray(50_000_000)  # <KEEP>
length = len(bytes(80_000_000) + bytes(40_000_000))  # <SUM>
after = bytearray(60_000_000)  # <AFTER>
print(length)
