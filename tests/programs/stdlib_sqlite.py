"""A large C library that was not written for Python: SQLite's pages come from its own calls of malloc.

50 blobs of 1 MB in a database in memory: 50 MB of pages of 4,096 bytes with a few percent for their headers and for the page cache's own.
Importing sqlite3 takes up to 6 MB.
"""
# needs: import sqlite3
# expect: peak_heap_bytes ~ 50_000_000 .. 62_000_000
# expect: line INSERT self ~ 50_000_000 .. 56_000_000

import sqlite3

database = sqlite3.connect(":memory:")
database.execute("create table samples (content blob)")
for _ in range(50):
    database.execute("insert into samples values (zeroblob(1000000))")  # <INSERT>
print(database.execute("select count(*) from samples").fetchone())
