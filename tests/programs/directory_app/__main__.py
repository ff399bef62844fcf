"""A directory with a __main__.py, run as a script: Python puts the directory itself on sys.path.

30 MB in a module beside it, 70 MB here. Python's own work for a directory takes up to 1.5 MB.
"""
# run: directory three
# files: silo.py
# expect: peak_heap_bytes ~ 100_000_000 .. 101_500_000
# expect: line FILL self ~ 30_000_000
# expect: line CALL total ~ 30_000_000
# expect: line OWN self ~ 70_000_000
# expect: stdout "['three']\n"

import sys

import silo

filled = silo.fill()  # <CALL>
own = bytearray(70_000_000)  # <OWN>
print(sys.argv[1:])
