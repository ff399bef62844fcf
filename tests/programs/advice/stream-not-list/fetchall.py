"""fetchall holds every row; the cursor gives one at a time."""
# expect: finding stream-not-list at ROWS

import sqlite3


def total(connection: sqlite3.Connection) -> float:
    cursor = connection.execute("with recursive n(i) as (select 1 union all select i + 1 from n where i < 600000) select i, i / 7.0 from n")
    result = 0.0
    for number, share in cursor.fetchall():  # <ROWS> #-
    #+ for number, share in cursor:
        result += number * share
    return result


connection = sqlite3.connect(":memory:")
print(total(connection))
connection.close()
