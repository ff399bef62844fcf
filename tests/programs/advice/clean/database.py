"""Rows go from one table to a sum without a list of them."""
# expect: no finding

import sqlite3
from contextlib import closing

with closing(sqlite3.connect(":memory:")) as connection:
    connection.execute("create table sales (shop integer, price real)")
    connection.executemany("insert into sales values (?, ?)", ((number % 40, number / 9) for number in range(400_000)))
    total = 0.0
    for (price,) in connection.execute("select price from sales where shop = 7"):
        total += price
    print(round(total))
