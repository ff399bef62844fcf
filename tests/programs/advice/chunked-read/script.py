"""A file of 60 MB is read whole to be hashed."""
# expect: finding chunked-read at READ

import hashlib
import tempfile

with tempfile.NamedTemporaryFile() as file:
    for _ in range(60):
        file.write(bytes(1_000_000))
    file.seek(0)
    digest = hashlib.sha256()
    digest.update(file.read())  # <READ> #-
    #+ while chunk := file.read(1 << 20):
    #+     digest.update(chunk)
    print(digest.hexdigest())
