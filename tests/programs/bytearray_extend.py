"""A bytearray that grows by +=, that is by realloc.

A request that fits into 1.125 times the buffer makes the buffer an eighth larger than asked for. 1,100 steps of 100,000 bytes
end in the buffer that extended_bytearray_buffer computes. It belongs to the line that extended it last.
"""
# let: BUFFER = extended_bytearray_buffer(100_000, 1_100)
# expect: peak_heap_bytes ~ BUFFER + bytes_of(100_000)
# expect: line GROW self ~ BUFFER
# expect: line EMPTY self < 1%
# expect: line CHUNK self ~ bytes_of(100_000)

chunk = bytes(100_000)  # <CHUNK>
buffer = bytearray()  # <EMPTY>
for _ in range(1_100):
    buffer += chunk  # <GROW>
