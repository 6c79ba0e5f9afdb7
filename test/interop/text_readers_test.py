"""text_readers_test.py - CSV and JSON in the hands of others: DuckDB, jq, Python, psycopg as a plain role; and
in the encodings of clients and databases.
"""
import csv
import io
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PYTHON = os.path.join(ROOT, ".venv", "bin", "python")
ROWS = 1000
HARD = "E'comma, \"quote\"\\nline \\\\ ' || i || ' \u00fc\u65e5'"


def setup_module():
    global c
    c = Cluster(preload=True, conf={"synchronize_seqscans": "off", "max_parallel_workers_per_gather": "0"})
    try:
        c.psql("""CREATE EXTENSION pg_spout; CREATE ROLE plain LOGIN;
            CREATE TABLE t AS SELECT i AS id, CASE WHEN i %% 7 > 0 THEN %s END AS txt, i * 1.25 AS num, i %% 2 = 0 AS b,
                '2024-02-29 12:00:00.5'::timestamp + i * interval '1 hour' AS ts, jsonb_build_object('k', i) AS j,
                ARRAY[i, NULL] AS a FROM generate_series(1, %d) i;
            GRANT SELECT ON t TO plain""" % (HARD, ROWS))
    except Exception:
        c.remove()
        raise


def teardown_module():
    c.remove()


def python(script, *args):
    """Runs it where the foreign packages are; what it prints."""
    harness.require(os.path.exists(PYTHON), "no .venv with foreign readers: tools/setup.sh test")
    done = subprocess.run([PYTHON, "-c", script, *args], capture_output=True, text=True,
                          env=dict(os.environ, **c.connection("plain")))
    assert done.returncode == 0, done.stderr
    return done.stdout


def truth(columns):
    return c.psql("SELECT %s FROM t ORDER BY id" % columns)


def test_duckdb_reads_csv_and_json():
    for codec, suffix in (("none", ""), ("gzip", ".gz"), ("zstd", ".zst")):
        table, lines = c.out("t.csv" + suffix), c.out("t.json" + suffix)
        c.psql("COPY t (id, txt, num, b, ts) TO '%s' (FORMAT csv, HEADER, COMPRESSION %s)" % (table, codec))
        c.psql("COPY t (id, txt, num, b, ts) TO '%s' (FORMAT 'json', COMPRESSION %s)" % (lines, codec))
        script = """
import duckdb, json, sys
for source in ("read_csv(?, header = true, strict_mode = true)", "read_json(?, format = 'newline_delimited')"):
    path = sys.argv[1 if "csv" in source else 2]
    rows = duckdb.execute("SELECT id, txt, num::decimal(10,2)::text, b, ts::timestamp::text FROM %s ORDER BY id" % source, [path]).fetchall()
    print(json.dumps(rows))
"""
        wanted = [[int(i), txt, num, b == "t", ts] for i, txt, num, b, ts in truth("id, txt, num, b, ts")]
        for line in python(script, table, lines).splitlines():
            got = json.loads(line)
            assert got == wanted, (codec, [pair for pair in zip(got, wanted) if pair[0] != pair[1]][:3])


def test_jq_and_python_read_json():
    harness.require(subprocess.run(["which", "jq"], capture_output=True).returncode == 0, "no jq")
    lines, array = c.out("all.json"), c.out("array.json")
    c.psql("COPY t TO '%s' (FORMAT 'json')" % lines)
    c.psql("COPY t TO '%s' (FORMAT 'json', FORCE_ARRAY)" % array)
    wanted = [json.loads(r[0]) for r in truth("row_to_json(t)")]
    with open(array, encoding="utf-8") as f:
        assert json.load(f) == wanted
    for command in (["jq", "-c", ".", lines], ["jq", "-c", ".[]", array]):
        out = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        assert [json.loads(x) for x in out.splitlines()] == wanted


def test_python_reads_csv_streamed_by_psql():
    path = c.out("client.csv")
    c.psql("\\copy t (id, txt) TO '%s' WITH (FORMAT csv, PARALLEL off)\n" % path, user="plain")
    with open(path, encoding="utf-8", newline="") as f:
        assert [[i, txt or None] for i, txt in csv.reader(f)] == truth("id, txt")


def test_psycopg_streams_as_a_plain_role():
    script = """
import io, json, sys, psycopg, fastavro
with psycopg.connect("") as connection, connection.cursor() as cursor:
    cursor.execute("SET pg_spout.enable_copy_hook = on")
    data = {}
    for form in ("avro, COMPRESSION deflate", "csv, PARALLEL off", "'json', COMPRESSION zstd", "'json'"):
        with cursor.copy("COPY (SELECT id, txt FROM t ORDER BY id) TO STDOUT WITH (FORMAT %s)" % form) as copy:
            data[form] = b"".join(bytes(part) for part in copy)
    try:
        with cursor.copy("COPY (SELECT 1 / (9 - i) AS x FROM generate_series(1, 10) i) TO STDOUT (FORMAT csv, PARALLEL off)") as copy:
            b"".join(bytes(part) for part in copy)
    except psycopg.errors.DivisionByZero:
        data["error"] = True
assert data["error"] and data["'json', COMPRESSION zstd"][:4] == bytes.fromhex("28b52ffd")
rows = [[r["id"], r["txt"]] for r in fastavro.reader(io.BytesIO(data["avro, COMPRESSION deflate"]))]
lines = [list(json.loads(line).values()) for line in data["'json'"].splitlines()]
assert rows == lines
print(json.dumps([rows, data["csv, PARALLEL off"].decode()]))
"""
    rows, text = json.loads(python(script))
    wanted = [[int(i), txt] for i, txt in truth("id, txt")]
    assert rows == wanted
    assert [[int(i), txt or None] for i, txt in csv.reader(io.StringIO(text, newline=""))] == wanted


# --- encodings ---------------------------------------------------------------------------------------------

def both(db, encoding, values, more=""):
    """CSV by core and by us, and JSON, of a table with these values."""
    core, ours, lines = (c.out(n) for n in ("e.core", "e.ours", "e.json"))
    c.psql("CREATE TEMP TABLE e (v text, w name); INSERT INTO e VALUES %s; COPY e TO '%s' (FORMAT csv, ENCODING '%s'%s); "
           "COPY e TO '%s' (FORMAT csv, ENCODING '%s', PARALLEL off%s); COPY e TO '%s' (FORMAT 'json')"
           % (values, core, encoding, more, ours, encoding, more, lines), db=db)
    read = []
    for path in (core, ours, lines):
        with open(path, "rb") as f:
            read.append(f.read())
    assert read[0] == read[1], (db, encoding, read)
    return read[1], read[2]


def test_csv_in_the_files_encoding_json_in_utf8():
    # In Shift JIS the second byte of U+8868 is a backslash, of U+FF5C a vertical line.
    values = "('\u8868', 'a'), ('\u8868|\"x', '\uff5c'), (E'\\\\', '\u30bd'), ('', NULL)"
    for db, kind in (("utf8", "UTF8"), ("eucjp", "EUC_JP"), ("latin", "LATIN1")):
        c.psql("CREATE DATABASE %s TEMPLATE template0 ENCODING '%s' LC_COLLATE 'C' LC_CTYPE 'C'" % (db, kind))
        c.psql("CREATE EXTENSION pg_spout", db=db)
        if kind == "LATIN1":
            assert both(db, "UTF8", "('\u00fc,', '\u00df')")[0].decode() == '"\u00fc,",\u00df\n'
            assert both(db, "LATIN1", "('\u00fc', '\u00df')")[0] == "\u00fc,\u00df\n".encode("latin-1")
            continue
        for encoding, codec in (("SJIS", "cp932"), ("EUC_JP", "euc_jp"), ("UTF8", "utf-8")):
            text, lines = both(db, encoding, values, ", QUOTE '|', ESCAPE '\\'")
            assert "\u8868" in text.decode(codec) and json.loads(lines.splitlines()[1])["v"] == '\u8868|"x'
        both(db, "SJIS", "('\u8868', 'x')", ", NULL '\u8868'")
    assert c.error("COPY (SELECT '\u65e5' AS v) TO '%s' (FORMAT csv, ENCODING 'LATIN1', PARALLEL off)"
                   % c.out("x"), db="utf8").sqlstate == "22P05"


def test_bytes_without_an_encoding():
    c.psql("CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
    c.psql("CREATE EXTENSION pg_spout", db="bytes")
    bad = "SET client_encoding = 'SQL_ASCII'; COPY (SELECT 1 AS a, E'\\xff'::text AS v) TO '%s' (FORMAT %s)"
    c.psql(bad % (c.out("raw"), "csv, PARALLEL off"), db="bytes")
    with open(c.out("raw"), "rb") as f:
        assert f.read() == b"1,\xff\n"
    for form in ("'json'", "csv, ENCODING 'UTF8', PARALLEL off"):
        e = c.error(bad % (c.out("never"), form), db="bytes")
        assert e.sqlstate == "22021" and "row 1" in e.context + e.message and '"v"' in e.context + e.message, e
    assert not os.path.exists(c.out("never"))


if __name__ == "__main__":
    harness.main()
