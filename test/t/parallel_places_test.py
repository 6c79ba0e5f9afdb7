#!/usr/bin/env python3
"""parallel_places_test.py - where a parallel export may run, and beside what: transactions, procedures, other extensions,
other sessions, servers that keep processes apart. Rights, settings and plans are sql/parallel.sql's.
"""
import os
import re
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness, parallel  # noqa: E402
from lib.limits import assert_steady, prompt  # noqa: E402
from lib.parallel import ROWS, Last, copy, read, shared_segments  # noqa: E402
from lib.promise import Faults, assert_clean_log, descriptors, fresh_dir, hidden  # noqa: E402

KEYS = list(range(1, ROWS + 1))
ROUNDS = int(os.environ.get("SPOUT_PARALLEL_ROUNDS", "12"))
c = faults = work = None


def setup_module():
    global c, faults, work
    work = tempfile.TemporaryDirectory(prefix="spout-shim-")
    faults = Faults(work.name)
    c = parallel.parallel_cluster({"shared_preload_libraries": "pg_spout, pg_stat_statements, auto_explain"},
                                  env=faults.env("/proc/"))


def teardown_module():
    if c:
        c.remove()
    work.cleanup()


def keys_of(*paths):
    return sorted(int(k) for k, _ in read(*paths))


# --- transactions and procedures -----------------------------------------------------------------------------------
def test_isolation_levels_and_what_a_transaction_has_changed():
    d = fresh_dir(c, "p")
    for level in ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "SERIALIZABLE READ ONLY DEFERRABLE"):
        s = c.session()
        s.run("BEGIN ISOLATION LEVEL " + level)
        if "READ ONLY" not in level:
            s.run("INSERT INTO t SELECT 6000 + n, 0, 'mine' FROM generate_series(1, 50) n; DELETE FROM t WHERE id <= 50")
            s.run("SAVEPOINT a; DELETE FROM t WHERE id < 1000; ROLLBACK TO a")
        last = Last(c, copy("TABLE t", d + "/f.avro", parallel=2), run=s.run)
        assert last.shape == "files" and last.launched == 2 and last.rows == ROWS, (level, last.why)
        s.run("ROLLBACK")
        s.close()
        assert keys_of(d + "/f.avro") == (KEYS if "READ ONLY" in level else list(range(51, 6051))), level


def test_snapshot_of_a_cursor_and_two_phase_commit():
    d = fresh_dir(c, "p")
    s = c.session()
    s.run("BEGIN; DECLARE a CURSOR WITH HOLD FOR SELECT id FROM t; DECLARE b SCROLL CURSOR FOR TABLE t ORDER BY id; FETCH 3 FROM b")
    assert Last(c, copy("TABLE t", d + "/f.csv", parallel=2), run=s.run).shape == "files"
    assert s.run("FETCH 1 FROM b")[0][0] == "4" and s.run("COMMIT; FETCH 1 FROM a") != []
    s.close()
    assert keys_of(d + "/f.csv") == KEYS


def test_plpgsql_repeats_itself():
    """A statement's tree is cached: the tenth export is the first."""
    d = fresh_dir(c, "p")
    c.psql("""CREATE OR REPLACE PROCEDURE often() LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..10 LOOP
            COPY (SELECT id, name FROM t WHERE kind < 100) TO '%s/f.csv' WITH (format csv, parallel 2, compression 'none');
            ASSERT (SELECT l->>'shape' FROM last_export() l) = 'files';
            COMMIT; END LOOP; END $$; CALL often(); CALL often()""" % d)
    assert keys_of(d + "/f.csv") == KEYS
    c.psql("""CREATE TABLE fired (n int);
        CREATE OR REPLACE FUNCTION exports() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM export_to_json('TABLE t', '%s/t.json', options => '{"parallel": 2}'); RETURN NEW; END $$;
        CREATE TRIGGER f AFTER INSERT ON fired FOR EACH ROW EXECUTE FUNCTION exports();
        INSERT INTO fired VALUES (1), (2)""" % d)
    assert keys_of(d + "/t.json") == KEYS


def test_under_a_parallel_query():
    """Exports in functions that are said to be parallel safe: inside workers and beside them, each alone."""
    d = fresh_dir(c, "p")
    c.psql("""CREATE OR REPLACE FUNCTION aside(k bigint) RETURNS text LANGUAGE plpgsql PARALLEL SAFE AS $$ BEGIN
            PERFORM export_to_csv('SELECT id FROM t WHERE id <= 100', '%s/' || k || '.csv', options => '{"parallel": 2}');
            RETURN (SELECT l->>'why_not_parallel' FROM last_export() l); END $$""" % d)
    rows = c.psql("SELECT DISTINCT aside(id) FROM t WHERE id IN (1, 3000, 6000)")
    assert rows == [["the export runs inside a parallel query"]], rows
    last = Last(c, copy("SELECT id, aside(id) FROM t WHERE id IN (2, 2000, 4000, 5999)", d + "/out.avro", parallel=2))
    assert last.shape == "files" and last.rows == 4, last.why
    for name in os.listdir(d):
        assert keys_of(os.path.join(d, name)) == ([2, 2000, 4000, 5999] if name == "out.avro" else list(range(1, 101)))


def test_a_warning_is_given_once():
    for path in (c.out("w.json"), "/dev/null"):
        for workers in ("off", 1, 4):
            found = c.run(copy("SELECT id AS a, kind AS a FROM t", path, "json", parallel=workers)).notices("WARNING")
            assert len(found) == 1 and '"a"' in found[0], (workers, found)


def test_progress_tells_of_all_processes():
    """Rows of workers count while the session is still busy with a slow one of its own."""
    s = c.session()
    c.psql("""CREATE OR REPLACE FUNCTION dawdle(k bigint) RETURNS bigint LANGUAGE plpgsql PARALLEL SAFE COST 1000 AS $$ BEGIN
        PERFORM pg_sleep(0.5) WHERE k % 997 = 0; RETURN k; END $$""")
    s.send(copy("SELECT dawdle(id) AS id, repeat(name, 50) AS n FROM t", c.out("slow.avro"), parallel=2))
    seen = set()
    deadline = time.monotonic() + prompt(30)
    while time.monotonic() < deadline:
        rows = c.psql("SELECT tuples_processed, bytes_processed, type FROM pg_stat_progress_copy WHERE pid = %d" % s.backend_pid)
        if not rows and seen:
            break
        seen |= {tuple(r) for r in rows}
        time.sleep(0.01)
    assert s.result().error is None
    counts = sorted({int(n) for n, _, _ in seen})
    assert any(0 < n < ROWS for n in counts) and {kind for _, _, kind in seen} == {"FILE"}, counts
    s.close()


# --- other extensions ----------------------------------------------------------------------------------------------
def test_auto_explain_and_statement_statistics():
    c.psql("CREATE EXTENSION pg_stat_statements")
    for format in ("text", "json"):
        s = c.session()
        s.run("SET auto_explain.log_min_duration = 0; SET auto_explain.log_analyze = on; SET auto_explain.log_verbose = on; "
              "SET auto_explain.log_buffers = on; SET auto_explain.log_format = " + format)
        for target in ("'%s'" % c.out("x.avro"), "PROGRAM 'cat > /dev/null'"):
            s.run("COPY (SELECT id, upper(t.name) AS n FROM t JOIN kinds k USING (kind)) TO %s WITH (FORMAT avro, parallel 2)" % target)
        s.close()
    assert re.search(r"Custom Scan \(SpoutEncode\)", c.log) and '"Custom Plan Provider": "SpoutEncode"' in c.log
    rows = c.psql("SELECT rows FROM pg_stat_statements WHERE query LIKE 'COPY (SELECT id, upper%'")
    assert rows and all(int(r[0]) > 0 for r in rows), rows


def test_just_in_time_compilation_and_forced_plans():
    d = fresh_dir(c, "p")
    forced = "force_parallel_mode" if c.version < 160000 else "debug_parallel_query"
    for settings in ({"jit": "on", "jit_above_cost": 0, "jit_inline_above_cost": 0, "jit_optimize_above_cost": 0},
                     {forced: "on"}, {forced: "regress"}, {"work_mem": "64kB", "enable_material": "off"}):
        last = Last(c, copy("SELECT id, price * 2 AS p FROM t WHERE kind >= 0", d + "/f.csv", parallel=2), settings)
        assert last.shape == "files" and last.rows == ROWS, (settings, last.why)
        assert keys_of(d + "/f.csv") == KEYS
        assert Last(c, copy("SELECT id FROM t ORDER BY id", d + "/o.csv", parallel=2), settings).shape == "leader"
        with open(d + "/o.csv") as f:
            assert [int(line) for line in f] == KEYS


# --- other processes -----------------------------------------------------------------------------------------------
def test_several_exports_to_one_path():
    d = fresh_dir(c, "p")
    sessions = [c.session() for _ in range(4)]
    for i, s in enumerate(sessions):
        query = "SELECT id + %d AS id FROM t" % (i * 100000)
        s.send(copy(query, d + "/f.avro", parallel=2) + ";\n" + copy(query, d + "/s.csv", parallel=2, max_rows_per_file=1000, manifest="on"))
    for s in sessions:
        error = s.result().error
        assert error is None, error
        s.close()
    assert not hidden(d)
    for keys in (keys_of(d + "/f.avro"), keys_of(*["%s/s_00%d.csv" % (d, i) for i in range(6)])):
        first = keys[0] - 1
        assert first % 100000 == 0 and keys == [first + k for k in KEYS]


def test_workers_that_cannot_reach_the_leaders_nameless_file():
    """Found out beforehand: the file gets a hidden name. Found out by the workers: they leave the rows to the session,
    or say what to do."""
    d = fresh_dir(c, "p")
    with faults("openat 0 -1 errno=13 /fd/"):
        last = Last(c, copy("TABLE t", d + "/f.avro", parallel=2))
    assert last.shape == "files" and last.launched == 2 and keys_of(d + "/f.avro") == KEYS
    s = c.session()
    for rotated in ({}, {"max_rows_per_file": 1000}):
        with faults("openat 0 -1 errno=13 /proc/other"):
            last = Last(c, copy("TABLE t", d + "/g.avro", parallel=2, **rotated), run=s.run)
        assert last.launched == 2 and last.rows == ROWS
        idle = s.run("SELECT p->>'rows' FROM last_export() l, jsonb_array_elements(l->'processes') p")
        assert rotated or idle == [[str(ROWS)], ["0"], ["0"]], idle
    assert keys_of(d + "/g.avro") == KEYS
    s.run("SET parallel_leader_participation = off")
    with faults("openat 0 -1 errno=13 /proc/other"):
        e = s.error(copy("TABLE t", d + "/h.avro", parallel=2))
    assert e.sqlstate == "58030" and "parallel off" in e.hint and "Permission denied" in e.message, e
    assert not os.path.exists(d + "/h.avro") and not hidden(d)
    s.close()


def test_nothing_piles_up_in_a_session():
    """Descriptors, memory and shared memory after many exports, good and bad, are those after a few."""
    d = fresh_dir(c, "p")
    s = c.session()
    batch = ";\n".join([copy("TABLE t", d + "/f.avro", parallel=2, sync="off"), copy("SELECT 1 / (id - 6000) FROM t", d + "/f.csv", parallel=2),
                        copy("TABLE t", d + "/s.csv", parallel=2, max_rows_per_file=900, sync="off"),
                        copy("TABLE toasted", "/dev/null", "xml", parallel=2),
                        "COPY t TO PROGRAM 'cat > /dev/null' WITH (FORMAT 'json', compression 'gzip', parallel 2)"])

    def memory():
        with open("/proc/%d/status" % s.backend_pid) as f:
            private = next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))
        contexts = s.run("SELECT sum(total_bytes) FROM pg_backend_memory_contexts")[0][0]
        return {"private": private << 10, "contexts": int(contexts), "segments": len(shared_segments(c))}

    def open_files():
        return [x for x in sorted(descriptors(s.backend_pid)) if not x.startswith(c.data)]

    def batches(n):
        for _ in range(n):
            s.run(batch, check=False)
    batches(4)
    before = open_files()
    assert_steady(batches, memory, ROUNDS, {"private": 1 << 20, "contexts": 256 << 10, "segments": 1})
    assert open_files() == before
    s.close()


def test_zz_log_is_clean():
    assert_clean_log(c)


if __name__ == "__main__":
    harness.main()
