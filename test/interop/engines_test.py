"""engines_test.py - analytics engines as readers: DuckDB, ClickHouse, DataFusion, polars, PyArrow and PyIceberg see in every
file what SELECT returns, and what they cannot read is what docs/formats say ("what readers see").

The versions are pinned in test/requirements.txt: an engine that learns to read more makes a test fail that says so.
"""
import datetime
import json
import os
import struct
import subprocess
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import foreign
from lib import harness
from lib.cluster import Cluster

PYTHON = os.path.join(foreign.ROOT, ".venv", "bin", "python")
MODULES = {"duckdb": "duckdb, duckdb_extension_avro", "polars": "polars", "datafusion": "datafusion", "pyarrow": "pyarrow",
           "clickhouse": "chdb", "pyiceberg": "pyiceberg.table"}
ROWS = 1200  # several blocks, members and frames
TABLE = """
    CREATE TYPE pair AS (x int, y text);
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TABLE z AS SELECT i::int2 AS i2, i AS i4, i * 10000000000 AS i8, (i * 0.5)::float4 AS f4, i * 0.1::float8 AS f8,
        i %% 2 = 0 AS b, (i * 1.25)::numeric(10,2) AS num, i * 1.5 AS free, E'a "text", \\n ü日 ' || i AS t,
        decode('ff' || lpad(to_hex(i), 4, '0'), 'hex') AS bin, date '1969-02-28' + i * 10 AS d, time '12:34:56.789' + i * interval '1 s' AS tm,
        timestamp '2024-02-29 12:00:00.123456' + i * interval '1 h' AS ts, timestamptz '1960-02-29 12:00:00.5+00' + i * interval '9 h' AS tz,
        md5(i::text)::uuid AS u, ARRAY[i, NULL, i + 1] AS a, ARRAY['x', NULL, 'ü'] AS ta, ROW(i, 'p')::pair AS p,
        jsonb_build_object('k', i) AS j, 'ok'::mood AS e, CASE WHEN i %% 3 > 0 THEN i END AS n, CASE WHEN i %% 4 > 0 THEN repeat('q', i %% 2) END AS es
        FROM generate_series(1::int, %d) i
""" % ROWS
# One spelling for all: read_engine.py's.
TRUTH = """
    SELECT i2, i4, i8, f4, f8, b, num, free, t, encode(bin, 'hex') AS bin, d, to_char(tm, 'HH24:MI:SS.US') AS tm,
        to_char(ts, 'YYYY-MM-DD HH24:MI:SS.US') AS ts, to_char(tz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS tz, u,
        '[' || array_to_string(a, ',', 'None') || ']' AS a, '[' || array_to_string(ta, ',', 'None') || ']' AS ta, p, j, e, n, es FROM z
"""
EMPTY = "SELECT * FROM z WHERE false"
COLUMNS = "i2 i4 i8 f4 f8 b num free t bin d tm ts tz u a ta p j e n es".split()
NUMBERS = ("f4", "f8")


def setup_module():
    global c
    missing = [name for name, modules in MODULES.items() if not foreign.works([PYTHON, "-c", "import " + modules])]
    harness.require(not missing, "engines are missing: " + ", ".join(missing))
    c = Cluster(preload=True, conf={"max_parallel_workers_per_gather": "0"})
    try:
        c.psql("CREATE EXTENSION pg_spout;" + TABLE)
    except BaseException:
        c.remove()
        raise


def teardown_module():
    c.remove()


def read(engine, paths):
    """[(columns, rows) or the error as text] of the files."""
    done = subprocess.run([PYTHON, os.path.join(foreign.PROGRAMS, "read_engine.py"), engine, *paths], capture_output=True, text=True,
                          env=dict(os.environ, TZ="UTC", PYTHONDONTWRITEBYTECODE="1"))
    assert done.returncode == 0, done.stderr[-3000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(paths), done.stderr[-3000:]
    return [f.get("error") or (f["columns"], f["rows"]) for f in found]


def write(form, suffix, query="TABLE z", **options):
    """A file of the query; its name tells format and codec, as engines expect."""
    path = c.out("%s%s" % ("_".join(["empty" if "false" in query else "full", *map(str, options.values())]), suffix))
    words = ["FORMAT '%s'" % form, "PARALLEL off", *("%s '%s'" % o for o in options.items())]
    c.psql("COPY (%s) TO '%s' WITH (%s)" % (query, path, ", ".join(words)))
    return path


def truth(sql=TRUTH, floats=True):
    """Rows by column name; floats as Python writes them, 2.0, or as PostgreSQL does, 2."""
    rows = c.psql("SET timezone = 'UTC'; " + sql)
    assert len(rows) == ROWS and len(rows[0]) == len(COLUMNS)
    rows = [dict(zip(COLUMNS, row)) for row in rows]
    for row in rows if floats else []:
        row.update({name: str(float(row[name])) for name in NUMBERS})
    return rows


def assert_sees(engine, path, seen, wanted, **other):
    """other: for columns that the engine shows otherwise, what it makes of the right value."""
    assert isinstance(seen, tuple), "%s, %s: %s" % (engine, path, seen)
    columns, rows = seen
    assert columns == COLUMNS and len(rows) == len(wanted), (engine, path, columns, len(rows))
    for number, (got, row) in enumerate(zip(rows, wanted), 1):
        for name, value in zip(COLUMNS, got):
            right = other[name](row[name]) if name in other and row[name] is not None else row[name]
            assert value == right, "%s, %s: row %d, %s is %r, not %r" % (engine, path, number, name, value, right)


# --- Avro --------------------------------------------------------------------------------------------------------
CODECS = ("null", "deflate", "snappy", "zstandard", "bzip2", "xz")


def micros(text):
    """Of a time or timestamp, as engines show it that do not know the type."""
    day, _, clock = text.rpartition(" ")
    hours, minutes, seconds = clock.split(":")
    whole = (int(hours) * 60 + int(minutes)) * 60000000 + int(seconds.replace(".", ""))
    return str(days(day) * 86400000000 + whole if day else whole)


def days(text):
    return (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days


def bare(text):
    return text.replace("-", "")


AVRO = {
    # engine: profile, codecs, what is shown otherwise, codecs of an empty file that are trouble, and which
    "duckdb": ("iceberg", CODECS[:3], {}, {}),
    "clickhouse": ("spec", CODECS[:4], {"tm": micros, "ts": micros}, {}),
    "datafusion": ("spec", CODECS, {"u": bare}, {}),
    "polars": ("spec", CODECS[:3], {}, {"snappy": "PanicException", "deflate": "OutOfSpec"}),
    "pyiceberg": ("iceberg", CODECS[:5], {"d": lambda v: str(days(v)), "tm": micros, "ts": micros, "tz": micros,
                                          # Its compiled decoder makes a float of a double.
                                          "f8": lambda v: str(struct.unpack("f", struct.pack("f", float(v)))[0])}, {}),
}


def test_avro_with_every_codec():
    wanted = truth()
    for engine, (profile, codecs, other, trouble) in AVRO.items():
        files = [write("avro", ".avro", compression=codec, profile=profile) for codec in CODECS]
        files += [write("avro", ".avro", EMPTY, compression=codec, profile=profile) for codec in codecs]
        found = read(engine, files)
        for codec, path, seen in zip(CODECS, files, found):
            if codec in codecs:
                assert_sees(engine, path, seen, wanted, **other)
            else:
                assert isinstance(seen, str), "%s reads %s now: tell docs/formats/avro.md" % (engine, codec)
        for codec, seen in zip(codecs, found[len(CODECS):]):
            if codec in trouble:
                assert isinstance(seen, str) and trouble[codec] in seen, "%s, empty %s: %s" % (engine, codec, seen)
            else:
                assert seen == (COLUMNS, []), (engine, codec, seen)


def test_avro_types_that_need_a_profile():
    """As the table in docs/formats/avro.md says."""
    no_zone, = read("duckdb", [write("avro", ".avro", profile="spec")])
    assert "Unknown Avro logical type local-timestamp-micros" in no_zone, no_zone
    with_zone, = read("duckdb", [write("avro", ".avro", "SELECT i4, t, tz, num, u FROM z", profile="spec")])
    # A decimal in bytes is a BLOB of its unscaled digits there; in a fixed, as profile iceberg has it, a DECIMAL.
    right = [[r["i4"], r["t"], r["tz"], "%010x" % int(r["num"].replace(".", "")), r["u"]] for r in truth()]
    assert with_zone[1] == right, [p for p in zip(with_zone[1], right) if p[0] != p[1]][:2]
    no_ids, = read("pyiceberg", [write("avro", ".avro", profile="spec")])
    assert "missing field-id" in no_ids, no_ids
    for engine in ("clickhouse", "datafusion", "polars"):
        seen, = read(engine, [write("avro", ".avro", profile="iceberg")])
        assert seen[0] == COLUMNS and len(seen[1]) == ROWS, seen


def test_profile_iceberg_refers_to_no_type():
    """Decimals, uuids and composites used twice, also within each other: PyIceberg resolves no name."""
    c.psql("CREATE TYPE price AS (amount numeric(9,2), id uuid, steps numeric(9,2)[])")
    path = write("avro", ".avro", """SELECT i4, (i4 * 0.25)::numeric(9,2) AS a, (i4 * -0.5)::numeric(9,2) AS b, u, md5(u::text)::uuid AS v,
        ARRAY[i4, NULL]::numeric(9,2)[] AS d, ROW(i4, u, ARRAY[1, i4])::price AS p, ARRAY[ROW(NULL, u, '{}'), NULL]::price[] AS q FROM z""",
                 profile="iceberg")
    right = c.psql("""SELECT i4, (i4 * 0.25)::numeric(9,2), (i4 * -0.5)::numeric(9,2), u, md5(u::text)::uuid, format('[%s.00,None]', i4),
        format('(%s.00,%s,[1.00,%s.00])', i4, u, i4), format('[(None,%s,[]),None]', u) FROM z""")
    for engine in ("pyiceberg", "duckdb"):
        seen, = read(engine, [path])
        assert isinstance(seen, tuple), (engine, seen)
        assert seen[1] == right, (engine, [p for p in zip(seen[1], right) if p[0] != p[1]][:2])


# --- CSV and JSON ------------------------------------------------------------------------------------------------
SUFFIXES = {"none": "", "gzip": ".gz", "zstd": ".zst", "lz4": ".lz4"}
TEXT_CODECS = {"duckdb": ("none", "gzip", "zstd"), "polars": ("none", "gzip", "zstd"), "datafusion": ("none", "gzip", "zstd"),
               "pyarrow": ("none", "gzip", "zstd", "lz4"), "clickhouse": ("none", "gzip", "zstd", "lz4")}


# What these make of the empty string, which CSV writes as "": NULL.
EMPTY_IS_NULL = ("duckdb", "datafusion")
# What these do with JSON lines of no rows.
NO_LINES = {"polars": "Cannot infer NDJSON types on empty reader", "pyarrow": "Empty JSON file", "clickhouse": "table structure cannot be extracted",
            "duckdb": (["json"], []), "datafusion": ([], [])}


def test_csv():
    wanted = truth("SELECT * FROM z", floats=False)
    assert {None, ""} < {row["es"] for row in wanted}
    for engine, codecs in TEXT_CODECS.items():
        other = {"es": lambda v: v or None} if engine in EMPTY_IS_NULL else {}
        files = [write("csv", ".csv" + SUFFIXES[codec], query, header="on", compression=codec) for codec in codecs for query in ("TABLE z", EMPTY)]
        for path, seen in zip(files, read(engine, files)):
            if "/full" in path:
                assert_sees(engine, path, seen, wanted, **other)
            else:
                assert seen == (COLUMNS, []) or engine == "clickhouse" and "table structure cannot be extracted" in seen, (engine, path, seen)


def settled(name, value):
    """A JSON value, whether the engine saw a number, a date or a time in it or text."""
    if value is None or name in ("t", "es"):
        return value
    if name in ("i2", "i4", "i8", "f4", "f8", "num", "free", "n"):
        return float(value)
    if name == "d":
        return value[:10]
    if name in ("tm", "ts", "tz"):
        return value.replace("T", " ").replace("+00:00", "").rstrip("0").rstrip(".")
    return value


def test_json():
    wanted = truth()
    for row in wanted:
        row["bin"] = "\\x" + row["bin"]
        row["j"] = "(%s)" % json.loads(row["j"])["k"]  # an object, not text
    wanted = [{name: settled(name, value) for name, value in row.items()} for row in wanted]
    for engine, codecs in TEXT_CODECS.items():
        files = [write("json", ".json" + SUFFIXES[codec], compression=codec) for codec in codecs]
        *found, empty = read(engine, files + [write("json", ".json", EMPTY)])
        for path, seen in zip(files, found):
            assert isinstance(seen, tuple), (engine, path, seen)
            rows = [[settled(name, value) for name, value in zip(seen[0], row)] for row in seen[1]]
            assert_sees(engine, path, (seen[0], rows), wanted)
        right = NO_LINES[engine]
        assert empty == right or isinstance(right, str) and right in empty, (engine, empty)


if __name__ == "__main__":
    harness.main()
