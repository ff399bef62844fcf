"""A package run with -m: its own lines, and those of the modules it imports.

35 MB at import of harvest.columns, 25 MB in harvest.loader, 40 MB here. Python's own work for -m takes up to 1.5 MB.
"""
# run: module harvest one two
# files: columns.py loader.py
# expect: peak_heap_bytes ~ 100_000_000 .. 101_500_000
# expect: line AT_IMPORT self ~ 35_000_000
# expect: line LOAD self ~ 25_000_000
# expect: line IMPORT total ~ 35_000_000 .. 35_500_000
# expect: line CALL total ~ 25_000_000
# expect: line OWN self ~ 40_000_000
# expect: stdout "__main__ ['one', 'two']\n"

import sys

from harvest.loader import load  # <IMPORT>

loaded = load(25)  # <CALL>
own = bytearray(40_000_000)  # <OWN>
print(__name__, sys.argv[1:])
