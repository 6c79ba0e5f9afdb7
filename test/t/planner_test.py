#!/usr/bin/env python3
"""planner_test.py - beside extensions that plan in their own way, or own a COPY format: test/modules/neighbour.c hides in
its plans what Citus hides. Where Citus is installed, beside Citus."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness, native  # noqa: E402
from lib.cluster import Cluster  # noqa: E402

MODULE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "modules", "neighbour.c")
DATA = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id int PRIMARY KEY, b text, m mood, n numeric(9, 2), a int[], g int GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO t SELECT n, 'row ' || n, 'ok', n / 3.0, ARRAY[n] FROM generate_series(1, 1000) n;
CREATE TABLE part (k int, x text) PARTITION BY RANGE (k);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (50); CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (50) TO (100);
INSERT INTO part SELECT n, 'x' FROM generate_series(0, 99) n;
CREATE ROLE tenant IN ROLE pg_write_server_files; CREATE TABLE secured (id int, who text);
INSERT INTO secured SELECT n, CASE WHEN n % 2 = 0 THEN 'tenant' ELSE 'other' END FROM generate_series(1, 100) n;
ALTER TABLE secured ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON secured USING (who = current_user); GRANT SELECT ON secured TO tenant;
SET SESSION AUTHORIZATION DEFAULT;
"""
# What an export says of the query must not depend on who planned it: names, types, schema and rows.
EXPORTS = ["COPY t TO '%s'", "COPY t (n, id) TO '%s'", "COPY part TO '%s'", "COPY (SELECT id AS one, b || '!' AS two, m, a FROM t ORDER BY n) TO '%s'",
           "COPY (SELECT count(*), sum(n) FROM t) TO '%s'", "COPY (INSERT INTO t (id, b) VALUES (5000, 'new') RETURNING id, b) TO '%s'"]
c = None


def setup_module():
    global c
    c = Cluster(start=False)
    c.configure(shared_preload_libraries=native.server_module(MODULE, c.outdir) + ", pg_spout")
    c.start()
    c.psql("CREATE EXTENSION pg_spout;" + DATA)


def teardown_module():
    c.remove()


def bytes_of(path):
    with open(path, "rb") as f:
        return f.read()


def exported(mode):
    """The bytes of every export in every format, and what describe_export says, with that planner."""
    settings = "SET neighbour.planner = '%s'; SET max_parallel_workers_per_gather = 0;" % mode
    files = {}
    for i, statement in enumerate(EXPORTS):
        for form, options in (("avro", ", sync_marker '000102030405060708090a0b0c0d0e0f'"), ("csv", ", header, sync off"), ("json", ""), ("xml", "")):
            path = c.out("export")
            c.psql(settings + "BEGIN;" + statement % path + " WITH (format \"%s\"%s); ROLLBACK" % (form, options))
            files[i, form] = bytes_of(path)
    files["function"] = c.psql(settings + "SELECT rows, raw_bytes FROM export_to_avro('SELECT id AS one, m FROM t', '%s')" % c.out("f.avro"))
    files["describe"] = c.psql(settings + "SELECT source_name, source_type, target_name, target_type FROM describe_export('SELECT id AS one, m, a FROM t')")
    return files


def test_what_a_planner_hides_is_not_missed():
    own = exported("off")
    assert own[2, "csv"].count(b"\n") == 101 and own[0, "csv"].startswith(b"id,b,m,n,a\n"), (own[2, "csv"][:80], own[0, "csv"][:80])
    for mode in ("hide", "wrap"):
        assert exported(mode) == own, mode


def test_workers_encode_below_a_gather_whoever_planned_it():
    settings = "SET parallel_setup_cost = 0; SET min_parallel_table_scan_size = 0; SET neighbour.planner = '%s';"
    query = "SELECT l->>'shape', l->>'rows' FROM last_export() l"
    copy = "COPY (SELECT b, id FROM t) TO '%s' WITH (format csv, parallel 2);"
    for mode, shape in (("off", "files"), ("hide", "files"), ("wrap", "leader")):
        session = c.session()
        session.run(settings % mode + copy % c.out("gather.csv"))
        assert session.run(query) == [[shape, "1000"]], mode
        session.close()
        assert sorted(bytes_of(c.out("gather.csv")).splitlines())[0] == b"row 1,1"


def test_rows_and_rights_are_the_callers():
    for mode in ("off", "hide", "wrap"):
        path = c.out("secured.csv")
        c.psql("SET neighbour.planner = '%s'; SET ROLE tenant; COPY secured TO '%s' WITH (format csv, sync off)" % (mode, path))
        assert bytes_of(path).count(b"\n") == 50, mode
        error = c.error("SET neighbour.planner = '%s'; SET ROLE tenant; COPY t TO '%s' WITH (format csv, sync off)" % (mode, path))
        assert error.sqlstate == "42501", error


def test_a_plan_with_other_columns_is_refused():
    path = c.out("dropped.avro")
    for parallel in ("off", "2"):
        error = c.error("SET parallel_setup_cost = 0; SET neighbour.planner = 'drop'; COPY t TO '%s' WITH (format avro, parallel %s)" % (path, parallel))
        assert error.sqlstate == "42804" and not os.path.exists(path), error


def test_without_the_extension_the_error_is_ours_whatever_hook_is_behind():
    c.psql("CREATE DATABASE bare")
    path = c.out("bare.avro")
    for options in ("format avro", "compression zstd, format 'JSON'", "format csv, compression gzip", "format xml, row_name 'r'"):
        error = c.error("COPY (SELECT 1) TO '%s' WITH (%s)" % (path, options), db="bare")
        assert error.sqlstate == "42704" and error.hint == "CREATE EXTENSION pg_spout;", error
    # Core's other errors come first, as core has them.
    assert c.error("COPY nobody TO '%s' WITH (format avro)" % path, db="bare").sqlstate == "42P01"
    assert c.error("COPY (SELECT 1) TO '%s' WITH (format nonsense)" % path, db="bare").message == 'COPY format "nonsense" not recognized'
    # The neighbour owns the format there: it gets it. Where our extension is, we are asked first, since we were loaded last.
    assert c.psql("SET neighbour.copies = 'avro'; COPY (SELECT 1) TO '%s' WITH (format avro)" % path, db="bare") == []
    assert not os.path.exists(path)
    c.psql("SET neighbour.copies = 'avro'; COPY (SELECT 1) TO '%s' WITH (format avro)" % path)
    assert os.path.exists(path)
    # A caught error leaves the session and its transaction as any other.
    session = c.session(db="bare")
    session.run("BEGIN; SAVEPOINT s")
    assert session.error("COPY (SELECT 1) TO '%s' WITH (format avro)" % path).sqlstate == "42704"
    session.run("ROLLBACK TO s; COPY (SELECT 1) TO STDOUT; COMMIT")
    session.close()


# --- Citus itself ----------------------------------------------------------------------------------------------------------

def test_tables_that_citus_distributes():
    """One server that is coordinator and worker: what matters here is Citus's planner, its hook and its plans."""
    available = c.psql("SELECT 1 FROM pg_available_extensions WHERE name = 'citus'")
    if not available:
        raise harness.Skip("Citus is not installed")
    with Cluster(start=False) as d:
        d.configure(shared_preload_libraries="citus, pg_spout", citus__local_hostname=d.sockets,
                    max_prepared_transactions="20")
        d.start()
        d.psql("CREATE EXTENSION citus; CREATE EXTENSION pg_spout")
        d.psql("SELECT citus_set_coordinator_host('%s', 5432); SELECT citus_set_node_property('%s', 5432, 'shouldhaveshards', true)"
               % (d.sockets, d.sockets))
        d.psql("SET citus.shard_count = 4; CREATE TABLE dist (id int, b text); INSERT INTO dist SELECT n, 'row ' || n FROM generate_series(1, 1000) n;"
               "SELECT create_distributed_table('dist', 'id');"
               "CREATE TABLE ref (id int); INSERT INTO ref VALUES (1), (2); SELECT create_reference_table('ref');"
               "CREATE TABLE parted (k int, d int) PARTITION BY RANGE (d); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (50);"
               "CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (50) TO (100); SELECT create_distributed_table('parted', 'k');"
               "INSERT INTO parted SELECT n, n FROM generate_series(0, 99) n")
        for what, rows in (("dist", 1000), ("dist (b)", 1000), ("ref", 2), ("parted", 100), ("(SELECT b, count(*) FROM dist GROUP BY b)", 1000),
                           ("(SELECT d.b FROM dist d JOIN ref r USING (id))", 2), ("(SELECT * FROM dist WHERE id = 7)", 1)):
            for form in ("avro", "csv", "json", "xml"):
                path = d.out("citus." + form)
                d.psql("COPY %s TO '%s' WITH (format \"%s\", sync off)" % (what, path, form))
                assert d.psql("SELECT ok, rows FROM verify_export('%s')" % path) == [["t", str(rows)]], (what, form)
            core = d.out("core.csv")
            d.psql("COPY %s TO '%s' WITH (format csv)" % (what if what != "parted" else "(TABLE parted)", core))
            assert sorted(bytes_of(core).splitlines()) == sorted(bytes_of(d.out("citus.csv")).splitlines()), what
        assert d.psql("SELECT rows FROM export_to_avro('SELECT * FROM dist', '%s', max_rows_per_file => 400)" % d.out("set.avro")) == [["400"], ["400"], ["200"]]
        # Every shard by itself, where it lies.
        shards = d.psql("SELECT success, result FROM run_command_on_shards('dist', $$ SELECT (export_to_avro('SELECT * FROM %%1$s', '%s/%%1$s.avro')).rows $$)" % d.outdir)
        assert len(shards) == 4 and all(ok == "t" for ok, rows in shards) and sum(int(rows) for ok, rows in shards) == 1000, shards
        assert len([f for f in os.listdir(d.outdir) if f.startswith("dist_")]) == 4


def test_the_log_is_clean():
    for word in ("PANIC", "terminated by signal", "not closed at end-of-transaction", "snapshot reference leak", "resource was not closed"):
        assert word not in c.log, c.log[-4000:]


if __name__ == "__main__":
    harness.main()
