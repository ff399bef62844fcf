"""An anonymous mapping of 50 MB grown to 400 MB by mremap: it belongs to the line that resized it.

Then it shrinks to 100 MB, and 200 MB of another kind follow: 300 MB, below the peak.
"""
# expect: peak_heap_bytes ~ 400_000_000
# expect: line MAP self < 1%
# expect: line MAP allocated ~ 50_000_000
# expect: line GROW self ~ 400_000_000
# expect: line SHRINK self < 1%
# expect: line LATER self < 1%
# expect: line LATER allocated ~ bytearray_of(200_000_000)
# expect: line GROW leaked ~ 0
# expect: line SHRINK leaked ~ 0

import mmap

area = mmap.mmap(-1, 50_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # <MAP>
area.resize(400_000_000)  # <GROW>
area.resize(100_000_000)  # <SHRINK>
later = bytearray(200_000_000)  # <LATER>
area.close()
