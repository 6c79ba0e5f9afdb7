"""read_csv.py csv|duckdb|polars FILE... - CSV files with a header, every value as text, through Python's csv, DuckDB or
polars; plain, gzip and zstd where the reader unpacks by itself.

Prints, per file, a line {"file": ..}, a line per row, the names of the columns first, and a line {"rows": n}.
Python's csv cannot tell NULL from an empty text: it gives null for both.
"""
import csv
import json
import sys

csv.field_size_limit(2**31 - 1)


def with_csv(path):
    with open(path, encoding="utf-8", newline="") as f:
        rows = csv.reader(f, strict=True)
        yield next(rows)
        for row in rows:
            yield [v or None for v in row]


def with_duckdb(path):
    import duckdb
    found = duckdb.execute("SELECT * FROM read_csv(?, header = true, all_varchar = true, auto_detect = false, delim = ',', quote = '\"', "
                           "escape = '\"', nullstr = '', allow_quoted_nulls = false, strict_mode = true, new_line = '\\n', "
                           "max_line_size = 16000000, columns = ?)",
                           [path, {name: "VARCHAR" for name in header(path)}])
    yield [d[0] for d in found.description]
    while rows := found.fetchmany(10000):
        for row in rows:
            yield list(row)


def header(path):
    """DuckDB does not guess when told not to, so it must be told the names."""
    import duckdb
    sniffed = duckdb.execute("SELECT * FROM read_csv(?, header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', "
                             "new_line = '\\n', max_line_size = 16000000) LIMIT 0", [path])
    return [d[0] for d in sniffed.description]


def with_polars(path):
    import polars
    table = polars.read_csv(path, infer_schema=False, eol_char="\n")
    yield table.columns
    yield from (list(row) for row in table.iter_rows())


def main(reader, *paths):
    for path in paths:
        print(json.dumps({"file": path}))
        n = 0
        for row in globals()["with_" + reader](path):
            print(json.dumps(row))
            n += 1
        print(json.dumps({"rows": n}))


if __name__ == "__main__":
    main(*sys.argv[1:])
