"""A script that imports a package of the user's beside it; blocks are made at import and in its functions.

35 MB at import of one module, with up to 500 kB for compiling it, 45 MB in a function of another, 20 MB in the script.
"""
# files: harvest/columns.py harvest/loader.py
# expect: peak_heap_bytes ~ 100_000_000 .. 100_500_000
# expect: line AT_IMPORT self ~ 35_000_000
# expect: line LOAD self ~ 45_000_000
# expect: line IMPORT total ~ 35_000_000 .. 35_500_000
# expect: line CALL total ~ 45_000_000
# expect: line OWN self ~ 20_000_000
# expect[3.12+]: line LOAD in load
# expect: stdout "harvest.loader\n"

from harvest import loader  # <IMPORT>

loaded = loader.load(45)  # <CALL>
own = bytearray(20_000_000)  # <OWN>
print(loader.__name__)
