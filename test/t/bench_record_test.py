#!/usr/bin/env python3
"""bench_record_test.py - a recorded benchmark is stored exactly once, whatever becomes of the session or the recorder.

    SPOUT_RECORD_ROUNDS=1000     rounds of each case; CI runs fewer
"""
import os
import re
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402

ROUNDS = int(os.environ.get("SPOUT_RECORD_ROUNDS", "15"))
RECORDERS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_spout benchmark recorder'"
homes = {}


def setup_module():
    for home, preload in (("private", False), ("shared", True)):
        homes[home] = Cluster(preload=preload)
        homes[home].psql("CREATE EXTENSION pg_spout; CREATE ROLE writer LOGIN IN ROLE pg_write_server_files")


def teardown_module():
    for c in homes.values():
        c.remove()


def send(name):
    """Sends without waiting for the answer: the session may be gone the next moment."""
    return ("SELECT _benchmark_send(jsonb_build_object('result', to_jsonb(_benchmark_result('%s', '{1,2,3}', '{}', NULL))))" % name)


def stored_once(c, names, db="postgres", seconds=15):
    """Every name is there exactly once, soon."""
    deadline = time.monotonic() + seconds
    while True:
        rows = c.psql("SELECT name, count(*) FROM benchmark_results GROUP BY 1", db=db)
        counts = {name: int(n) for name, n in rows}
        missing = [n for n in names if counts.get(n) != 1]
        if not missing or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    assert not missing, "%d of %d, such as %s: %s" % (len(missing), len(names), missing[0], counts.get(missing[0]))
    c.psql("TRUNCATE benchmark_results CASCADE", db=db)


def each_home(case):
    for home, c in homes.items():
        names = ["%s%d" % (case.__name__, i) for i in range(ROUNDS)]
        case(c, names)
        stored_once(c, names)
        assert "could not be stored" not in c.log, home


def test_rollback_errors_and_savepoints_lose_nothing():
    def undone(c, names):
        for i, name in enumerate(names):
            record = "SELECT name FROM record_benchmark('%s', '{1,2}')" % name
            c.run(["BEGIN; %s; ROLLBACK", "BEGIN; %s; SELECT 1/0; COMMIT", "BEGIN; SAVEPOINT a; %s; ROLLBACK TO a; COMMIT",
                   "DO $$ BEGIN PERFORM (r).id FROM (%s) r; EXCEPTION WHEN OTHERS THEN NULL; END $$; SELECT 1",
                   "BEGIN READ ONLY; %s; ROLLBACK"][i % 5].replace("(r).id", "r") % record)
    each_home(undone)


def test_sessions_that_leave_at_once():
    def gone(c, names):
        for name in names:
            c.run("BEGIN; %s; ROLLBACK" % send(name))
    each_home(gone)


def test_sessions_that_are_terminated():
    def terminated(c, names):
        for name in names:
            c.run("BEGIN; %s; SELECT pg_terminate_backend(pg_backend_pid())" % send(name))
    each_home(terminated)


def test_recorder_terminated_again_and_again_under_load():
    """SIGTERM between any two records: none lost, none twice."""
    def harassed(c, names):
        stop = threading.Event()
        kills = []

        def harass():
            while not stop.is_set():
                for (pid,) in c.psql(RECORDERS):
                    try:
                        os.kill(int(pid), signal.SIGTERM)
                        kills.append(pid)
                    except ProcessLookupError:
                        pass
                time.sleep(0.005)
        thread = threading.Thread(target=harass)
        thread.start()
        try:
            s = c.session()
            for start in range(0, len(names), 50):
                s.run("SELECT " + ", ".join("(record_benchmark('%s', '{1,2}')).id" % n for n in names[start:start + 50]))
            s.run("SELECT _benchmark_flush()")
        finally:
            stop.set()
            thread.join()
        flush = s.run("SELECT _benchmark_flush() -> 'committed' = _benchmark_flush() -> 'sent'")
        assert flush == [["t"]], flush
        s.close()
        assert kills
    each_home(harassed)


def test_recorder_cancelled():
    def cancelled(c, names):
        s = c.session()
        s.run("SELECT 1")
        for name in names:
            s.send(send(name))
            for (pid,) in c.psql(RECORDERS):
                try:
                    os.kill(int(pid), signal.SIGINT)
                except ProcessLookupError:
                    pass
            s.result()
        s.run("SELECT _benchmark_flush()")
        s.close()
    each_home(cancelled)


def test_many_results_quickly():
    for c in homes.values():
        start = time.monotonic()
        c.psql("SELECT count(*) FROM generate_series(1, 2000) i, LATERAL (%s) s; SELECT _benchmark_flush(30)"
               % send("x").replace("'x'", "'many' || i"))
        print("        2000 results in %.2f s" % (time.monotonic() - start))
        stored_once(c, ["many%d" % i for i in range(1, 2001)])


def test_a_role_without_superuser_and_any_schema_and_two_databases():
    for c in homes.values():
        c.psql("CREATE DATABASE one"), c.psql("CREATE DATABASE two")
        for db in ("one", "two"):
            c.psql('CREATE SCHEMA "odd %s"; CREATE EXTENSION pg_spout SCHEMA "odd %s"; GRANT USAGE ON SCHEMA "odd %s" TO writer' % (db, db, db), db=db)
        sessions = {db: c.session(user="writer", db=db) for db in ("one", "two")}
        for i in range(ROUNDS):
            for db, s in sessions.items():
                s.send("""SELECT name FROM "odd %s".record_benchmark('both%d', '{1}')""" % (db, i))
        for db, s in sessions.items():
            s.result()
            s.close()
            assert c.value('SELECT count(DISTINCT name) FROM "odd %s".benchmark_results' % db, db=db) == str(ROUNDS)
        # DROP DATABASE waits for the recorder, which leaves by itself.
        for db in ("one", "two"):
            start = time.monotonic()
            c.psql("DROP DATABASE " + db)
            assert time.monotonic() - start < 5


def test_a_name_is_data():
    evil = "x'); DROP TABLE benchmark_results; --"
    for c in homes.values():
        c.psql("SELECT record_benchmark(%s, '{1}')" % ("$n$" + evil + "$n$"))
        stored_once(c, [evil])


def test_before_create_extension_commits_nothing_is_sent():
    for c in homes.values():
        c.psql("CREATE DATABASE fresh")
        rows = c.psql("BEGIN; CREATE EXTENSION pg_spout; SELECT (record_benchmark('x', '{1}')).name, _benchmark_flush() -> 'sent'; COMMIT", db="fresh")
        assert rows == [["x", "0"]], rows
        assert c.value("SELECT count(*) FROM benchmark_results", db="fresh") == "0"
        c.psql("DROP DATABASE fresh")


def test_tables_that_stay_locked_or_are_gone_are_told_of():
    """After three attempts the record stands in the log, and counts as rejected."""
    c = homes["private"]
    s = c.session()
    s.run("SELECT record_benchmark('before', '{1}')")
    c.psql("ALTER TABLE benchmark_runs RENAME TO elsewhere")
    s.run(send("orphaned"))
    counts = s.run("SELECT _benchmark_flush() -> 'rejected'")
    c.psql("ALTER TABLE elsewhere RENAME TO benchmark_runs")
    assert counts == [["1"]], counts
    line = [x for x in c.log.splitlines() if "could not be stored" in x]
    assert len(line) == 1 and re.search(r'"name": "orphaned"', line[0]), line
    s.run("SELECT record_benchmark('after', '{1}')")
    stored_once(c, ["before", "after"])
    s.close()


def test_no_worker_slot():
    for preload in (False, True):
        with Cluster(preload=preload, conf={"max_worker_processes": 2 if preload else 1}) as c:
            c.psql("CREATE EXTENSION pg_spout")
            # The logical replication launcher and ours hold the slots; nothing is lost in silence.
            result = c.run("SELECT (record_benchmark('full', '{1}')).name", timeout=60)
            assert result.rows == [["full"]]
            told = result.notices("WARNING")
            if not preload:
                assert told and "no recorder" in told[0], told
                deadline = time.monotonic() + 10
                while '"name": "full"' not in c.log and time.monotonic() < deadline:
                    time.sleep(0.1)  # the session says it as it leaves
                assert '"name": "full"' in c.log


def test_a_crash_keeps_what_was_acknowledged():
    """SIGKILL of the recorder restarts the server; only what was not acknowledged may be missing."""
    for preload in (False, True):
        with Cluster(preload=preload, conf={"fsync": "on"}) as c:
            c.psql("CREATE EXTENSION pg_spout")
            s = c.session()
            done = []
            for i in range(max(3, ROUNDS // 5)):
                s.run("SELECT record_benchmark('safe%d', '{1}')" % i)
                done.append("safe%d" % i)
            (pid,), = c.psql(RECORDERS)
            os.kill(int(pid), signal.SIGKILL)
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                try:
                    if c.value("SELECT count(*) >= 1 FROM benchmark_results") == "t":
                        break
                except Exception:
                    time.sleep(0.1)
            c.psql("SELECT record_benchmark('next', '{1}')")
            stored_once(c, done + ["next"])


if __name__ == "__main__":
    harness.main()
