"""A generator of chunks: the loop's variable holds one chunk while the next is made."""
# expect: finding dead-variable at CHUNK symbol chunk


def chunks():
    for number in range(8):
        yield bytes([number]) * 30_000_000


total = 0
for chunk in chunks():  # <CHUNK>
    total += chunk.count(5)
    #+ del chunk
print(total)
