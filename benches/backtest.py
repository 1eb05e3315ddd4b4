#!/usr/bin/env python3
"""Copies the rows of a ledger until it has COUNT, with other ids, teams and times: python3 benches/backtest.py LEDGER COUNT"""

import sqlite3
import sys

ledger, count = sys.argv[1], int(sys.argv[2])
connection = sqlite3.connect(ledger)
columns = [row[1] for row in connection.execute("PRAGMA table_info(ledger)")]
rows = [dict(zip(columns, row)) for row in connection.execute("SELECT * FROM ledger ORDER BY seq")]
marks = ", ".join("?" for _ in columns)
for number in range(len(rows), count):
    row = dict(rows[number % len(rows)])
    row["seq"], row["id"] = None, f"copy{number:024d}"
    row["team"], row["at_us"] = f"team-{number % 17}", row["at_us"] + number
    connection.execute(f"INSERT INTO ledger ({', '.join(columns)}) VALUES ({marks})", [row[it] for it in columns])
connection.commit()
print(connection.execute("SELECT count(*) FROM ledger").fetchone()[0], "rows")
