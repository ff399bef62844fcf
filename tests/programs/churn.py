"""Temporaries: what is allocated in total is far above the peak.

2,000 blocks of 50,057 bytes are freed at once: 100 MB allocated, one of them live. 100,000 bytes objects of 1,033 bytes likewise: 103 MB.
40 MB are kept, and are the peak with one block. Of the 4,000 allocations of the first line half are objects of 56 bytes, few of which
are sampled.
"""
# expect: peak_heap_bytes ~ 40_000_000
# expect: line LARGE allocated ~ 2_000 * bytearray_of(50_000)
# expect: line LARGE allocations ~ 4_000 within exact 0, sampled 25%
# expect: line SMALL allocated ~ 100_000 * bytes_of(1_000)
# expect: line SMALL allocations ~ 100_000
# expect: line LARGE self < 1%
# expect: line SMALL self < 1%
# expect: line KEPT self ~ 40_000_000
# expect: line LARGE leaked ~ 0

kept = bytearray(40_000_000)  # <KEPT>
for _ in range(2_000):
    bytearray(50_000)  # <LARGE>
for _ in range(100_000):
    bytes(1_000)  # <SMALL>
