"""The heap only ever grows: the peak is the last allocation before the program ends.

20 MB, then 60 MB, then 40 MB in the last statement.
"""
# expect: peak_heap_bytes ~ 120_000_000
# expect: line FIRST self ~ 20_000_000
# expect: line SECOND self ~ 60_000_000
# expect: line LAST self ~ 40_000_000

first = bytearray(20_000_000)  # <FIRST>
second = bytearray(60_000_000)  # <SECOND>
last = bytearray(40_000_000)  # <LAST>
