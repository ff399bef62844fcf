"""Connections to databases in memory, each with its rows, never closed."""
# expect: finding close-resource at OPEN

import sqlite3

OPEN = []


def count(number: int) -> int:
    connection = sqlite3.connect(":memory:")  # <OPEN>
    connection.execute("create table rows (text)")
    connection.execute("insert into rows values (zeroblob(2000000))")
    result = connection.execute("select length(text) from rows").fetchone()[0]
    OPEN.append(connection)  #-
    #+ connection.close()
    return result + number


print(sum(count(number) for number in range(25)))
