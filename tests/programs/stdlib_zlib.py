"""A C extension of the standard library that allocates its result: zlib.decompress into one block of the right size.

80 MB of zeros come out of 78 kB; the output buffer is made at once by bufsize. Importing zlib takes less than 500 kB, and the state of
the decompressor, up to 50 kB, is freed.
"""
# let: PLAIN = bytes_of(80_000_000)
# expect: peak_heap_bytes ~ PLAIN .. PLAIN + 1_000_000
# expect: line DECOMPRESS self ~ PLAIN
# expect: line COMPRESS self < 1%

import zlib

packer = zlib.compressobj()
chunk = bytes(100_000)
packed = b"".join([packer.compress(chunk) for _ in range(800)] + [packer.flush()])  # <COMPRESS>
plain = zlib.decompress(packed, bufsize=80_000_000)  # <DECOMPRESS>
