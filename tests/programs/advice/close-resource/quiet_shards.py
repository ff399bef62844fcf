"""Lines are dealt out to forty files, which must all be open, and are closed at the end."""
# expect: no finding close-resource

import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    shards = []
    for number in range(40):
        shard = open(Path(folder) / f"{number}.txt", "w", buffering=1 << 18)
        shards.append(shard)
    for number in range(400_000):
        shards[number % 40].write(f"{number}\n")
    for shard in shards:
        shard.close()
    print(sum(path.stat().st_size for path in Path(folder).iterdir()))
