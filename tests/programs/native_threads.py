"""Threads without Python, started by C code from two Python lines, that allocate while Python is elsewhere.

Each of six threads takes 20 MB and each of three takes 10 MB, only when `release` lets them: 150 MB in all. The blocks belong
to the lines that started the threads, not to the line that Python happens to run when they allocate.
Importing ctypes takes up to 2 MB.
"""
# needs: native crew
# expect: peak_heap_bytes ~ 150_000_000 .. 152_000_000
# expect: line SIX self ~ 120_000_000
# expect: line THREE self ~ 30_000_000
# expect: line RELEASE self < 1%
# expect: line SIX leaked ~ 0
# expect: line THREE leaked ~ 0

import ctypes
import os

crew = ctypes.CDLL(os.path.join(os.environ["HEAPWISE_TEST_NATIVE"], "libcrew.so"))
crew.crew_start.argtypes = [ctypes.c_int, ctypes.c_size_t]

crew.crew_start(6, 20_000_000)  # <SIX>
crew.crew_start(3, 10_000_000)  # <THREE>
crew.crew_release()  # <RELEASE>
crew.crew_dismiss()
