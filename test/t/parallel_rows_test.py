#!/usr/bin/env python3
"""parallel_rows_test.py - a parallel export holds the rows of a serial one, each once: every kind of plan, format,
codec, target and number of workers. Files are compared through foreign readers.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness, parallel  # noqa: E402
from lib.parallel import CODECS, ROWS, Last, copy, options, read, same_rows, stdout_of  # noqa: E402
from lib.promise import assert_clean_log, fresh_dir  # noqa: E402

FORMATS = list(CODECS)
c = None


def setup_module():
    global c
    c = parallel.parallel_cluster()


def teardown_module():
    c.remove()


def check(query, form="avro", shape="files", workers=2, settings=(), what="", **more):
    """Both ways into files; returns the Last of the parallel one."""
    d = fresh_dir(c, "rows")
    Last(c, copy(query, d + "/serial." + form, parallel="off", **more), settings)
    last = Last(c, copy(query, d + "/parallel." + form, parallel=workers, **more), settings)
    assert last.shape == shape, (query, last.shape, last.why)
    serial, rows = read(d + "/serial." + form, d + "/parallel." + form), last.rows
    assert len(serial) == 2 * rows, (query, len(serial), rows)
    same_rows(serial[:rows], serial[rows:], what or query)
    return last


# --- plans -----------------------------------------------------------------------------------------------------
PLANS = {
    "scan": "TABLE t",
    "filter and expressions": "SELECT id, upper(name) AS n, price * 2 AS p, 'x' AS c, id AS again FROM t WHERE kind < 5",
    "nothing found": "SELECT * FROM t WHERE id < 0",
    "one row": "SELECT * FROM t WHERE id = 4711",
    "hash join": "SELECT t.id, k.name, t.doc FROM t JOIN kinds k USING (kind)",
    "left join": "SELECT t.id, k.name FROM t LEFT JOIN kinds k USING (kind)",
    "semi join": "SELECT id, name FROM t WHERE kind IN (SELECT kind FROM kinds WHERE kind > 3)",
    "partitions": "SELECT * FROM parted",
    "union all": "SELECT id, name FROM t UNION ALL SELECT id, name FROM parted UNION ALL SELECT -id, name FROM parted_1",
    "init plan": "SELECT id, price FROM t WHERE price > (SELECT avg(price) FROM t)",
    "init plan shown": "SELECT id, (SELECT max(name) FROM kinds) AS m FROM t",
    "subselect": "SELECT id, name FROM t WHERE kind = ANY (ARRAY(SELECT kind FROM kinds WHERE kind < 9))",
    "cte": "WITH few AS (SELECT * FROM t WHERE good) SELECT id, name FROM few WHERE kind > 2",
    "toasted": "TABLE toasted",
}


def test_plans_give_the_rows_of_the_serial_export():
    for name, query in PLANS.items():
        check(query, what=name)
    for form in ("avro", "csv", "json"):
        assert Last(c, copy("SELECT FROM t", c.out("none." + form), parallel=2)).rows == ROWS


def test_nested_loops_and_merge_joins():
    loop = {"enable_hashjoin": "off", "enable_mergejoin": "off"}
    merge = {"enable_hashjoin": "off", "enable_nestloop": "off"}
    query = "SELECT t.id, k.name FROM t JOIN kinds k USING (kind)"
    check(query, settings=loop)
    check("SELECT a.id, b.name FROM t a JOIN t b ON a.id = b.id", settings=merge)
    check("SELECT a.id, b.name FROM t a JOIN t b ON a.id = b.id")  # parallel hash
    check("SELECT a.id, b.name FROM t a JOIN t b ON a.id = b.id", settings={"enable_parallel_hash": "off", "work_mem": "64kB"})
    c.psql("CREATE INDEX t_id ON t (id)")
    check("SELECT id, name FROM t WHERE id BETWEEN 100 AND 5000", settings={"enable_seqscan": "off"})
    check("SELECT id FROM t WHERE id > 100", settings={"enable_seqscan": "off", "enable_bitmapscan": "off"})
    c.psql("DROP INDEX t_id")


def test_plans_that_stay_with_the_leader():
    for query in ["SELECT * FROM t ORDER BY id", "SELECT kind, count(*) FROM t GROUP BY kind",
                  "SELECT * FROM t WHERE id <= 100 LIMIT 200", "SELECT id, row_number() OVER (ORDER BY id) FROM t",
                  "SELECT DISTINCT kind FROM t", "SELECT id FROM t UNION SELECT id FROM parted",
                  "SELECT generate_series(1, 3), id FROM t WHERE id < 9",
                  "SELECT id, (SELECT k.name FROM kinds k WHERE k.kind = t.kind) AS k FROM t",
                  "SELECT id, name FROM t WHERE kind NOT IN (SELECT kind FROM kinds WHERE name LIKE '%1%')"]:
        d = fresh_dir(c, "rows")
        last = Last(c, copy(query, d + "/p.csv", parallel=2))
        c.psql(copy(query, d + "/s.csv", parallel="off"))
        if last.shape == "leader":
            assert last.why
        found = read(d + "/s.csv", d + "/p.csv")
        same_rows(found[:last.rows], found[last.rows:], query)
        assert len(found) == 2 * last.rows


def test_order_by_is_kept_byte_for_byte():
    for form in FORMATS:
        d = fresh_dir(c, "rows")
        more = {"sync_marker": "00" * 16} if form == "avro" else {}
        for name, workers in (("s", "off"), ("p", 4)):
            c.psql(copy("SELECT * FROM t ORDER BY name", d + "/%s.%s" % (name, form), parallel=workers, **more))
        with open(d + "/s." + form, "rb") as s, open(d + "/p." + form, "rb") as p:
            assert s.read() == p.read(), form


# --- formats, codecs, targets ------------------------------------------------------------------------------------
def variants():
    for form in FORMATS:
        for codec in CODECS[form]:
            yield form, {"compression": codec}
    yield "json", {"force_array": "on"}
    yield "json", {"force_array": "on", "compression": "gzip"}
    yield "json", {"force_array": "on", "compression": "zstd"}
    yield "csv", {"header": "on", "null": "-"}
    yield "xml", {"nulls": "omit"}
    yield "avro", {"block_size": "1kB"}


def test_every_format_and_codec_to_every_target():
    for form, more in variants():
        d = fresh_dir(c, "rows")
        name = lambda kind: "%s/%s.%s" % (d, kind, form)  # noqa: E731
        c.psql(copy("TABLE t", name("serial"), parallel="off", **more))
        last = Last(c, copy("TABLE t", name("file"), parallel=2, **more))
        assert last.shape == "files" and last.rows == ROWS, (form, more, last.why)
        last = Last(c, "COPY t TO PROGRAM 'cat > %s' WITH (%s)" % (name("program"), options(form, parallel=2, **more)))
        assert last.shape == "stream" and last.rows == ROWS, (form, more, last.why)
        data, tag = stdout_of(c, "COPY t TO STDOUT WITH (%s)" % options(form, parallel=2, **more))
        assert tag == "COPY %d" % ROWS
        with open(name("stdout"), "wb") as f:
            f.write(data)
        null = Last(c, "COPY t TO '/dev/null' WITH (%s)" % options(form, parallel=2, **more))
        assert null.shape == "files" and null.rows == ROWS
        n = ROWS + ("header" in more)
        found = read(*[name(k) for k in ("serial", "file", "program", "stdout")])
        assert len(found) == 4 * n, (form, more, len(found))
        for i, kind in enumerate(("file", "program", "stdout"), 1):
            same_rows(found[:n], found[i * n:(i + 1) * n], "%s %s %s" % (form, more, kind))


def test_psql_copies_a_stream():
    for form in FORMATS:
        d = fresh_dir(c, "rows")
        os.chmod(d, 0o777)
        c.psql("\\copy (TABLE t) TO '%s/p.%s' WITH (%s)" % (d, form, options(form, parallel=2)))
        assert sorted(int(k) for k, _ in read("%s/p.%s" % (d, form))) == list(range(1, ROWS + 1))


def test_csv_encodings_travel_to_the_workers():
    d = fresh_dir(c, "rows")
    for encoding, word, python in (("LATIN1", "Zürich", "latin-1"), ("EUC_JP", "東京", "euc_jp"), ("SJIS", "東京", "shift_jis")):
        c.psql(copy("SELECT id, '%s ' || name AS n FROM t" % word, d + "/p.csv", parallel=2, encoding=encoding))
        with open(d + "/p.csv", "rb") as f:
            lines = f.read().decode(python).splitlines()
        assert sorted(int(line.split(",")[0]) for line in lines) == list(range(1, ROWS + 1))
        assert all("," + word + " " in line for line in lines)


# --- workers -----------------------------------------------------------------------------------------------------
def test_numbers_of_workers():
    for leader in ("on", "off"):
        settings = {"parallel_leader_participation": leader}
        for workers in (1, 2, 3, 4):
            shape = "leader" if leader == "off" and workers == 1 else "files"  # the planner's own rule
            last = check("TABLE t", settings=settings, workers=workers, shape=shape, block_size="1kB")
            if shape == "files":
                assert last.planned == last.launched == workers, (last.planned, last.launched)
            data, _ = stdout_of(c, "COPY t TO STDOUT WITH (%s)" % options("csv", parallel=workers), **settings)
            assert len(data.splitlines()) >= ROWS


def test_fewer_workers_than_planned():
    for leader in ("on", "off"):
        for available in (0, 1, 2):
            settings = {"max_parallel_workers": available, "parallel_leader_participation": leader}
            last = check("TABLE t", settings=settings, workers=4, block_size="1kB")
            assert (last.planned, last.launched) == (4, available)
            last = check("TABLE t", settings=settings, workers=4, max_rows_per_file=0, sync="off")
    data, _ = stdout_of(c, "COPY t TO STDOUT WITH (%s)" % options("csv", parallel=4), max_parallel_workers=0)
    assert len({line for line in data.splitlines()}) >= ROWS


def test_worker_slots_taken_by_others():
    """Real competition: exports and queries of several sessions, more workers wanted than there are."""
    d = fresh_dir(c, "rows")
    sessions = [c.session() for _ in range(5)]
    for i, s in enumerate(sessions):
        s.send("\n".join(copy("TABLE t", "%s/%d_%d.avro" % (d, i, k), parallel=4, sync="off") + ";" for k in range(4)))
    for s in sessions:
        assert s.result().error is None
        s.close()
    keys = list(range(1, ROWS + 1))
    for name in os.listdir(d):
        assert sorted(k for k, _ in read(os.path.join(d, name))) == keys, name
    assert len(os.listdir(d)) == 20


# --- huge values -------------------------------------------------------------------------------------------------
def test_a_value_of_100_megabytes():
    """Among small rows; into a file, and through the queue, where it travels in parts of 64 MB."""
    c.psql("""CREATE TABLE huge (id bigint, v text); ALTER TABLE huge ALTER v SET STORAGE EXTERNAL;
        INSERT INTO huge SELECT n, repeat('x', n) FROM generate_series(1, 500) n;
        INSERT INTO huge SELECT 501, repeat('0123456789', 10 * 1024 * 1024);
        INSERT INTO huge SELECT n, repeat('y', n) FROM generate_series(502, 1000) n; ANALYZE huge""")
    d = fresh_dir(c, "rows")
    last = Last(c, copy("TABLE huge", d + "/file.avro", parallel=2, sync="off"))
    assert last.rows == 1000 and last.shape == "files"
    last = Last(c, "COPY huge TO PROGRAM 'cat > %s/stream.avro' WITH (%s)" % (d, options("avro", parallel=2)))
    assert last.rows == 1000 and last.shape == "stream"
    found = read(d + "/file.avro", d + "/stream.avro")
    same_rows(found[:1000], found[1000:])
    assert sorted(k for k, _ in found[:1000]) == list(range(1, 1001))
    c.psql(copy("TABLE huge", d + "/file.csv", parallel=2, sync="off"))
    with open(d + "/file.csv", "rb") as f:
        file = f.read()
    stream, _ = stdout_of(c, "COPY huge TO STDOUT WITH (%s)" % options("csv", parallel=2))
    for data in (file, stream):
        assert sorted(int(line.split(b",", 1)[0]) for line in data.splitlines()) == list(range(1, 1001))
        assert b"501," + b"0123456789" * (10 * 1024 * 1024) + b"\n" in data
    c.psql("DROP TABLE huge")


def test_zz_log_is_clean():
    assert_clean_log(c)


if __name__ == "__main__":
    harness.main()
