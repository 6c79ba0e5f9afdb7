#!/usr/bin/env python3
"""bench_finally_test.py - however a benchmark ends, the session, the server and the log are as if it had never been."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402

MEASURED = "SELECT count(*) FROM run_benchmarks('%s', names => '^%s$', config => '{\"iterations\": 5, \"max_time\": %s, \"isolation\": \"%s\"}')"


def setup_module():
    global c
    c = Cluster(preload=True)
    c.psql("CREATE EXTENSION pg_spout_bench CASCADE; SELECT register_benchmark('sleeper', 'SELECT pg_sleep(60)')")


def teardown_module():
    c.remove()


def wait_for(query, wanted, seconds=20):
    deadline = time.monotonic() + seconds
    while c.value(query) != wanted:
        assert time.monotonic() < deadline, query
        time.sleep(0.02)


def markers(session, n=2):
    """Sync markers of so many exports of one query."""
    found = []
    for i in range(n):
        path = c.out("m%d.avro" % i)
        session.run("SELECT * FROM export_to_avro('SELECT 1', '%s')" % path)
        with open(path, "rb") as f:
            found.append(f.read()[-16:])
    return found


def test_a_cancelled_measurement_leaves_nothing_in_its_session():
    """No timer that ends another statement, no random that is none, no meter that counts on, no lock."""
    for kind in ("time", "memory"):
        s = c.session()
        s.send(MEASURED % (kind, "sleeper", 1.5, "session"))
        wait_for("SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND wait_event = 'PgSleep'" % s.backend_pid, "1")
        c.psql("SELECT pg_cancel_backend(%d)" % s.backend_pid)
        error = s.result().error
        assert error and error.sqlstate == "57014", error
        assert len(set(markers(s) + [bytes(16)])) == 3
        assert s.run("SELECT pg_sleep(2.6)") == [[""]]
        assert c.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0"
        s.close()


def test_a_second_cancel_leaves_no_lock():
    """The first one's clean-up waits for a recorder that cannot have the table; the second ends that wait, and the next run begins."""
    blocker, s = c.session(), c.session()
    s.send(MEASURED % ("time", "sleeper", 20, "session"))
    waits = "SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND wait_event = '%s'"
    wait_for(waits % (s.backend_pid, "PgSleep"), "1")
    blocker.run("BEGIN; LOCK TABLE benchmark_items IN ACCESS EXCLUSIVE MODE")
    c.psql("SELECT pg_cancel_backend(%d)" % s.backend_pid)
    wait_for(waits % (s.backend_pid, "Extension"), "1")
    c.psql("SELECT pg_cancel_backend(%d)" % s.backend_pid)
    error = s.result().error
    assert error and error.sqlstate == "57014", error
    assert s.run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [["0"]]
    blocker.run("ROLLBACK")
    c.psql(MEASURED % ("time", "core/avro/encode/100", 1, "session"))
    blocker.close()
    s.close()


def test_files_with_another_sync_marker_are_the_same_output():
    """And nothing is kept from the random for them; other bytes are another output, though as many."""
    c.psql("SELECT register_benchmark('avro', $$SELECT * FROM export_to_avro('SELECT * FROM generate_series(1, 300000)', '{out}', options => '{\"block_size\": 10000}')$$);"
           "SELECT register_benchmark('csv', $$COPY (SELECT lpad(trunc(random() * 1e9)::text, 10, '0')) TO '{out}'$$)")
    status = "SELECT status, message FROM benchmark_items ORDER BY run_id DESC, ord DESC LIMIT 1"
    for isolation in ("session", "worker"):
        c.psql(MEASURED % ("time", "avro", 2, isolation))
        assert c.psql(status) == [["ok", None]]
        c.psql(MEASURED % ("time", "csv", 2, isolation))
        assert c.psql(status) == [["failed", "output changed"]]


def test_a_benchmark_measures_no_other_in_its_own_process():
    """Benchmarks are objects of a process: two at once would share them."""
    inner = '{"kind": "encode", "format": "csv", "relation": "pg_class", "iterations": 1, "isolation": "session"}'
    query = "SELECT spout_bench.execute('%s') ->> 'message' AS m" % inner
    made = c.value("SELECT spout_bench.execute(jsonb_build_object('isolation', 'session', 'memory', true, 'keep_result', true, 'run_sql', $$%s$$)) -> 'result' ->> 'm'" % query)
    assert made == "a benchmark cannot measure another one in its own process", made
    assert c.value("SELECT 1") == "1"


def test_a_full_disk_is_one_warning_with_the_number():
    """To the client at the end of its transaction, to the log when the disk has room again."""
    c.psql("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END$$;"
           "CREATE TRIGGER full_disk BEFORE INSERT ON benchmark_results FOR EACH ROW EXECUTE FUNCTION full_disk()")
    result = c.run("SELECT count((record_benchmark('lost ' || i, '{1,2}')).name) FROM generate_series(1, 100) i")
    assert result.rows == [["100"]]
    assert result.notices("WARNING") == ["benchmark results that were not stored: 100"], result.messages[:3]
    c.psql("DROP TRIGGER full_disk ON benchmark_results")
    assert c.run("SELECT (record_benchmark('kept', '{1,2}')).name").notices() == []
    assert c.value("SELECT count(*) FROM benchmark_results WHERE name = 'kept' OR name LIKE 'lost %'") == "1"
    log = c.log
    assert log.count("No space left on device") == 1 and log.count("could not be stored: ") == 100
    assert "WARNING:  benchmark results lost to the same error: 100\n" in log


def test_without_a_postmaster_every_process_ends_at_once():
    """A session that waits for its worker, the worker, a worker that never waits: else a restart is refused."""
    c.psql("SELECT register_benchmark('busy', 'DO $$BEGIN FOR i IN 1..50 LOOP PERFORM pg_sleep(0); PERFORM count(*) FROM generate_series(1, 2000); END LOOP; END$$')")
    for name in ("sleeper", "busy"):
        s = c.session()
        s.send(MEASURED % ("time", name, 30, "worker"))
        wait_for("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_spout benchmark' AND xact_start < now() - interval '0.3 s'", "1")
        children = c.children()
        os.kill(c.pid, signal.SIGKILL)
        start = time.monotonic()
        c.process.wait()
        while any(os.path.exists("/proc/%d/fd" % p) for p in children) and time.monotonic() < start + 20:
            time.sleep(0.02)
        took = time.monotonic() - start
        c.process = None
        s.close()
        c.start()
        assert took < 3, (name, took)


if __name__ == "__main__":
    harness.main()
