#!/usr/bin/env python3
"""bench_record_test.py - a recorded benchmark is stored exactly once, whatever becomes of the session or the recorder.

    SPOUT_RECORD_ROUNDS=1000     rounds of each case; CI runs fewer
"""
import json
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.limits import prompt  # noqa: E402
from lib.recording import RECORDERS, ROUNDS, locked, log_lines, send, stored_once, the_recorder  # noqa: E402

homes = {}


# For what these tests send by hand: nobody is granted these.
DOORS = "GRANT EXECUTE ON FUNCTION spout_bench.send, spout_bench.flush TO writer"


def setup_module():
    for home, preload in (("private", False), ("shared", True)):
        homes[home] = Cluster(preload=preload)
        homes[home].psql("CREATE EXTENSION pg_spout_bench CASCADE; CREATE ROLE writer LOGIN IN ROLE pg_write_server_files;" + DOORS)


def teardown_module():
    for c in homes.values():
        c.remove()


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


def terminate_recorders(c):
    """How many there were to terminate."""
    count = 0
    for (pid,) in c.psql(RECORDERS):
        try:
            os.kill(int(pid), signal.SIGTERM)
            count += 1
        except ProcessLookupError:
            pass
    return count


def test_recorder_terminated_again_and_again_under_load():
    """SIGTERM between any two records: none lost, none twice. The load goes on until there were enough of them."""
    def harassed(c, names):
        stop, kills = threading.Event(), []

        def harass():
            while not stop.is_set():
                kills.append(terminate_recorders(c))
                time.sleep(0.005)
        thread = threading.Thread(target=harass)
        thread.start()
        sent = []
        try:
            s = c.session()
            while len(sent) < len(names) or sum(kills) < ROUNDS:
                batch = ["%s-%d" % (names[0], len(sent) + i) for i in range(10)]
                s.run("SELECT " + ", ".join("(record_benchmark('%s', '{1,2}')).id" % n for n in batch))
                sent += batch
        finally:
            stop.set()
            thread.join()
        flush = s.run("SELECT f -> 'sent', f -> 'committed', f -> 'rejected' FROM spout_bench.flush(30) f")
        assert flush == [[str(len(sent)), str(len(sent)), "0"]], flush
        s.close()
        names[:] = sent
    each_home(harassed)


def wait_for_end(c, pid):
    deadline = time.monotonic() + prompt(4)
    while [pid] in c.psql(RECORDERS):
        assert time.monotonic() < deadline


def test_a_recorder_asked_to_leave_writes_what_waits():
    """SIGTERM while it waits for a table: it goes on as soon as it can, then leaves. The second SIGTERM is for good."""
    def asked(c, names):
        s = c.session()
        for times in (1, 2):
            with locked(c):
                s.run("".join(send("%s-%d" % (n, times)) + ";" for n in names))
                old = the_recorder(c)
                for _ in range(times):
                    os.kill(int(old), signal.SIGTERM)
                    time.sleep(0.2)
                if times == 1:
                    assert [old] in c.psql(RECORDERS)
                else:
                    wait_for_end(c, old)
            assert s.run("SELECT f -> 'rejected' FROM spout_bench.flush(10) f") == [["0"]]
            wait_for_end(c, old)
        s.close()
        names[:] = ["%s-%d" % (n, times) for n in names for times in (1, 2)]
    each_home(asked)


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
        s.run("SELECT spout_bench.flush()")
        s.close()
    each_home(cancelled)


def test_many_results_quickly():
    for c in homes.values():
        start = time.monotonic()
        c.psql("SELECT count(*) FROM generate_series(1, 2000) i, LATERAL (%s) s; SELECT spout_bench.flush(30)"
               % send("x").replace("'x'", "'many' || i"))
        print("        2000 results in %.2f s" % (time.monotonic() - start))
        stored_once(c, ["many%d" % i for i in range(1, 2001)])


def test_a_role_without_superuser_and_any_schema_and_two_databases():
    for c in homes.values():
        c.psql("CREATE DATABASE one"), c.psql("CREATE DATABASE two")
        for db in ("one", "two"):
            c.psql('CREATE SCHEMA "odd %s"; CREATE EXTENSION pg_spout_bench SCHEMA "odd %s" CASCADE; GRANT USAGE ON SCHEMA "odd %s" TO writer;' % (db, db, db) + DOORS, db=db)
        sessions = {db: c.session(user="writer", db=db) for db in ("one", "two")}
        for i in range(ROUNDS):
            for db, s in sessions.items():
                s.send("""SELECT name FROM "odd %s".record_benchmark('both%d', '{1}')""" % (db, i))
        for db, s in sessions.items():
            s.result()
            s.close()
            rows = c.psql('SELECT name, median_time, iterations FROM "odd %s".benchmark_results ORDER BY id' % db, db=db)
            assert rows == [["both%d" % i, "1", "1"] for i in range(ROUNDS)], rows
        # The schema is renamed between sending and writing.
        s = c.session(user="writer", db="one")
        s.run("""SELECT name FROM "odd one".record_benchmark('warm', '{1}')""")
        with locked(c, '"odd one".benchmark_results', db="one"):
            s.run(send("renamed"))
            c.psql('ALTER SCHEMA "odd one" RENAME TO plain', db="one")
        assert s.run("SELECT f FROM spout_bench.flush() f") == [['{"sent": %d, "rejected": 0, "committed": %d}' % (2, 2)]]
        assert c.value("SELECT count(*) FROM plain.benchmark_results WHERE name = 'renamed'", db="one") == "1"
        s.close()
        assert c.error("ALTER EXTENSION pg_spout SET SCHEMA public", db="two").sqlstate == "0A000"
        # DROP DATABASE right after a run waits for the recorder, which leaves by itself.
        run = c.psql("""SELECT r::jsonb -> 'recorded' FROM "odd two".run_benchmarks('time', output_format => 'json', names => 'avro/export/100$',
            config => '{"budget": 1, "iterations": 5}') r""", user="writer", db="two")
        assert run == [['{"sent": 3, "rejected": 0, "committed": 3}']], run
        for db in ("one", "two"):
            start = time.monotonic()
            c.psql("DROP DATABASE " + db)
            assert time.monotonic() - start < prompt(5)


def test_a_name_is_data():
    names = ["x'); DROP TABLE benchmark_results; --", "two\nlines, \"quoted\"\tand $1 %s", "ü" * 255]
    for c in homes.values():
        for name in names:
            c.psql("SELECT record_benchmark($n$%s$n$, '{1}', jsonb_build_object('evil', $n$%s$n$), '')" % (name, name))
        rows = c.psql("SELECT environment ->> 'evil' = name, commit_hash FROM benchmark_results")
        assert rows == [["t", None]] * len(names), rows
        stored_once(c, names)


def test_a_record_of_any_size():
    """A hundred thousand samples are one row. A record above 64 kB is told of, and stored nowhere but in the log."""
    for c in homes.values():
        rows = c.psql("SELECT (r).name, (r).iterations, (r).median_time, spout_bench.flush() -> 'committed'"
                      " FROM (SELECT record_benchmark('long', array_agg(i::float8)) r FROM generate_series(1, 100000) i OFFSET 0) s")
        assert rows == [["long", "100000", "50000.5", "1"]], rows
        state, message, _, hint = c.error("SELECT record_benchmark('wide', '{1}', jsonb_build_object('a', repeat('x', 70000)))")
        assert (state, message) == ("54000", 'argument "environment" has 70009 bytes, more than 60000') and hint
        for size, outcome in ((65000, ["t", "1", "0"]), (66000, ["f", "0", "1"])):
            result = c.run("SELECT spout_bench.send(jsonb_build_object('result', to_jsonb(spout_bench.result('wide', '{1}', jsonb_build_object('a', repeat('x', %d)), NULL)))),"
                           " f -> 'committed', f -> 'rejected' FROM spout_bench.flush() f" % size)
            assert result.rows[0][0] == outcome[0], result.rows
            assert (["it is larger than 64 kB"] if size > 65536 else []) == [m.partition(": ")[2] for m in result.notices("WARNING")]
        assert log_lines(c) == ["wide"]
        stored_once(c, ["long", "wide"])
        open(c.logfile, "w").close()


def test_the_launcher_comes_back():
    c = homes["shared"]

    def title(pid):
        try:
            with open("/proc/%d/cmdline" % pid) as f:
                return f.read()
        except OSError:
            return ""

    def launcher():
        return [pid for pid in c.children() if "pg_spout benchmark launcher" in title(pid)]
    while c.psql(RECORDERS):  # with one at work nobody would need it
        time.sleep(0.1)
    old, = launcher()
    os.kill(old, signal.SIGTERM)
    while old in launcher():
        time.sleep(0.01)
    s = c.session()
    s.run(send("launched"))
    assert s.run("SELECT spout_bench.flush(30)") == [['{"sent": 1, "rejected": 0, "committed": 1}']]
    s.close()
    assert launcher() and launcher() != [old]
    stored_once(c, ["launched"])


def test_more_senders_than_slots():
    """Each is answered, and gets what it sent stored."""
    c = homes["shared"]
    sessions = [c.session(user="writer") for _ in range(70)]
    for i, s in enumerate(sessions):
        s.send("SELECT (record_benchmark('many%d', '{1}')).name, spout_bench.flush()" % i)
    for i, s in enumerate(sessions):
        result = s.result()
        assert result.rows == [["many%d" % i, '{"sent": 1, "rejected": 0, "committed": 1}']], result.rows
        assert not result.messages, result.messages
    for s in sessions:
        s.close()
    stored_once(c, ["many%d" % i for i in range(70)])


def test_a_full_ring():
    """A sender waits 10 s for room, then the record stands in the log. Who cancels the wait has sent nothing."""
    c = homes["private"]
    s = c.session()
    s.run("SELECT record_benchmark('first', '{1}')")
    wide = send("wide%d").replace("'{}'", "jsonb_build_object('a', repeat('x', 60000))")
    with locked(c):
        assert s.run("".join(wide % i + ";" for i in range(4))) == [["t"]] * 4
        s.run("SET statement_timeout = 300")
        assert s.error(wide % 4).sqlstate == "57014"
        s.run("RESET statement_timeout")
        s.send(wide % 5)
        result = s.result()
        assert result.rows == [["f"]], (result.rows, result.messages)
        assert result.notices("WARNING") == ["benchmark result was not stored: nobody made room for it within 10 s"]
    assert s.run("SELECT spout_bench.flush(30)") == [['{"sent": 6, "rejected": 1, "committed": 5}']]
    assert log_lines(c) == ["wide5"]
    stored_once(c, ["first"] + ["wide%d" % i for i in range(4)])
    s.close()
    open(c.logfile, "w").close()


def test_a_record_that_says_nothing_is_rejected():
    for c in homes.values():
        for record in ({}, {"result": 3}, {"results": {"id": 1}}, [], 7, {"result": {}}, {"result": dict(RESULT, name="x" * 256)}):
            assert send_records(c, record) == [0, 1], record
        assert c.log.count("benchmark result that could not be stored: ") == 7
        assert c.value("SELECT count(*) FROM benchmark_results") == "0"
        open(c.logfile, "w").close()


RESULT = {"min_time": 1, "max_time": 3, "mean_time": 2, "median_time": 2, "stddev_time": 1, "iterations": 3,
          "timestamp": "2026-01-02T03:04:05.000006", "environment": {"a": None}}
MEMORY = {"peak_memory": 5, "allocated_memory": 4, "deallocated_memory": 3, "net_memory": 1, "top_allocations": [],
          "timestamp": "2026-01-02T03:04:05.000006", "environment": {}}
RUN = {"status": "running", "started": "2026-01-02 03:04:05.000006+00", "requested_by": "postgres", "fingerprint": "f",
       "environment": {}}
ITEM = {"benchmark_type": "all", "adapter_type": "db", "definition_hash": "h", "status": "ok", "samples": [1, 2, 3]}


def send_records(c, *records):
    """Sends records and waits: the numbers of stored and rejected ones."""
    sends = "".join("SELECT spout_bench.send($r$%s$r$);" % json.dumps(r) for r in records)
    return [int(v) for v in c.psql(sends + "SELECT f -> 'committed', f -> 'rejected' FROM spout_bench.flush(30) f")[-1]]


def test_a_number_that_is_taken_is_exchanged():
    """A row written by hand is kept, and the record is stored beside it. The very same record again is one record."""
    for c in homes.values():
        for part, table, row in (("result", "benchmark_results", RESULT), ("memory", "memory_profile_results", MEMORY)):
            mine, later = dict(row, id=1000, name="mine"), dict(row, id=1000, name="late", commit_hash="abc")
            assert send_records(c, {part: mine}) == [1, 0]
            assert send_records(c, {part: dict(mine, name="other")}, {part: mine}, {part: mine}, {part: later}) == [4, 0]
            rows = c.psql("SELECT name, id = 1000, commit_hash, timestamp, environment - 'x' FROM %s ORDER BY name" % table)
            stamp, environment = "2026-01-02 03:04:05.000006", json.dumps(row["environment"])
            assert rows == [["late", "f", "abc", stamp, environment], ["mine", "t", None, stamp, environment],
                            ["other", "f", None, stamp, environment]], rows
            # The sequence was set back below what is there.
            c.psql("TRUNCATE %s CASCADE" % table)
            assert send_records(c, *({part: dict(row, id=i, name="old%d" % i)} for i in range(1, 6))) == [5, 0]
            c.psql("ALTER SEQUENCE %s_id_seq RESTART 1" % table)
            assert send_records(c, {part: dict(row, id=1, name="new1")}, {part: dict(row, name="new2")}) == [2, 0]
            rows = c.psql("SELECT id, name FROM %s ORDER BY 1" % table)
            assert rows == [[str(i), "old%d" % i] for i in range(1, 6)] + [["6", "new1"], ["7", "new2"]], rows
            c.psql("TRUNCATE %s CASCADE" % table)


def test_runs_and_items_find_each_other_under_new_numbers():
    for c in homes.values():
        run = dict(RUN, run_id=700, arguments={"key": "k1", "names": None})
        assert send_records(c, {"run": run}, {"run": run}, {"result": dict(RESULT, id=50, name="by hand")}) == [3, 0]
        second = dict(RUN, run_id=700, arguments={"key": "k2"})
        item = dict(ITEM, run_id=700, ord=1, name="b", result_id=50)
        whole = {"key": "k2", "result": dict(RESULT, id=50, name="b"), "memory": dict(MEMORY, id=60, name="b"), "item": item}
        assert send_records(c, {"run": second}, whole, {"key": "k2", "item": dict(item, name="c", result_id=None)},
                            {"key": "k2", "item": dict(item, ord=9)}, {"key": "k2", "item": dict(item, ord=9)},
                            {"key": "k2", "finish": {"run_id": 700, "status": "done", "finished": "2026-01-02 03:04:06+00"}}) == [6, 0]
        rows = c.psql("SELECT run_id = 700, arguments, status, finished FROM benchmark_runs ORDER BY arguments ->> 'key'")
        assert rows == [["t", '{"key": "k1", "names": null}', "running", None],
                        ["f", '{"key": "k2"}', "done", "2026-01-02 03:04:06+00"]], rows
        rows = c.psql("""SELECT r.arguments ->> 'key', i.ord, i.name, t.name, t.id = 50, m.name, m.id, i.flags, i.detail, i.samples
            FROM benchmark_items i JOIN benchmark_runs r USING (run_id) LEFT JOIN benchmark_results t ON t.id = i.result_id
            LEFT JOIN memory_profile_results m ON m.id = i.memory_result_id ORDER BY i.ord""")
        assert rows == [["k2", "1", "b", "b", "f", "b", "60", "{}", "{}", "{1,2,3}"],
                        ["k2", "2", "c", None, None, None, None, "{}", "{}", "{1,2,3}"],
                        ["k2", "9", "b", "by hand", "t", None, None, "{}", "{}", "{1,2,3}"]], rows
        # An item without its run, and a row that a trigger holds back, are told of.
        assert send_records(c, {"key": "k3", "item": dict(item, run_id=701)}) == [0, 1]
        c.psql("CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
               "CREATE TRIGGER hold BEFORE INSERT ON benchmark_results FOR EACH ROW EXECUTE FUNCTION hold()")
        assert send_records(c, {"result": dict(RESULT, id=90, name="held")}) == [0, 1]
        told = [line for line in c.log.splitlines() if "could not be stored" in line]
        assert len(told) == 2 and '"ord": 1' in told[0] and '"name": "held"' in told[1], told
        c.psql("DROP TRIGGER hold ON benchmark_results; DROP FUNCTION hold; TRUNCATE benchmark_runs, benchmark_results, memory_profile_results CASCADE")
        open(c.logfile, "w").close()


def test_the_number_given_back_is_that_of_the_row():
    """Whatever the sequence says, and for a role that may only read the tables."""
    for c in homes.values():
        s = c.session(user="writer")
        c.psql("INSERT INTO benchmark_results SELECT i, 'hand', 1, 1, 1, 1, 1, 1 FROM generate_series(1, 9) i; ALTER SEQUENCE benchmark_results_id_seq RESTART 8")
        made = s.run("SELECT (record_benchmark('a', '{1,2}')).id")[0] + s.run("SELECT (record_benchmark('b', '{1,2}')).id")[0]
        assert c.psql("SELECT id, name FROM benchmark_results WHERE name <> 'hand' ORDER BY 2") == [[made[0], "a"], [made[1], "b"]] == [["10", "a"], ["11", "b"]]
        assert c.value("SELECT count(*) FROM benchmark_results WHERE name = 'hand'") == "9"
        s.close()
        c.psql("TRUNCATE benchmark_results CASCADE")


def test_columns_that_users_add_get_their_defaults():
    c = homes["private"]
    c.psql("ALTER TABLE benchmark_results ADD note text NOT NULL DEFAULT 'none', ADD twice float8 GENERATED ALWAYS AS (2 * min_time) STORED")
    assert send_records(c, {"result": dict(RESULT, id=70, name="wide")}) == [1, 0]
    assert c.psql("SELECT id, note, twice FROM benchmark_results") == [["70", "none", "2"]]
    c.psql("ALTER TABLE benchmark_results DROP note, DROP twice; TRUNCATE benchmark_results CASCADE")


def test_before_create_extension_commits_nothing_is_sent():
    for c in homes.values():
        c.psql("CREATE DATABASE fresh")
        rows = c.psql("BEGIN; CREATE EXTENSION pg_spout_bench CASCADE; SELECT (record_benchmark('x', '{1}')).name, spout_bench.flush() -> 'sent'; COMMIT", db="fresh")
        assert rows == [["x", "0"]], rows
        assert c.value("SELECT count(*) FROM benchmark_results", db="fresh") == "0"
        c.psql("DROP DATABASE fresh")


def test_tables_that_are_gone_are_told_of():
    c = homes["private"]
    s = c.session()
    s.run("SELECT record_benchmark('before', '{1}')")
    # By their names nobody looks for them.
    c.psql("ALTER TABLE benchmark_results RENAME TO elsewhere")
    s.run("SELECT record_benchmark('renamed', '{1}')")
    c.psql("ALTER TABLE elsewhere RENAME TO benchmark_results; ALTER VIEW spout_bench.runs RENAME TO elsewhere")
    s.send("SELECT (record_benchmark('orphaned', '{1}')).name; SELECT spout_bench.flush() -> 'rejected'")
    result = s.result()
    c.psql("ALTER VIEW spout_bench.elsewhere RENAME TO runs")
    assert result.rows == [["orphaned"], ["1"]], result.rows
    assert result.notices("WARNING") == ["benchmark results that were not stored: 1"], result.messages
    assert "server's log" in result.messages[0].detail
    assert log_lines(c) == ["orphaned"]
    s.run("SELECT record_benchmark('after', '{1}')")
    stored_once(c, ["before", "renamed", "after"])
    s.close()
    open(c.logfile, "w").close()


def test_a_table_that_stays_locked_is_told_of():
    """The caller waits 10 s, the recorder three times 5 s: after that the record stands in the log, and counts as rejected."""
    c = homes["shared"]
    s = c.session()
    start = time.monotonic()
    with locked(c):
        s.send("SELECT (record_benchmark('locked', '{1}')).name")
        result = s.result()
        assert result.rows == [["locked"]] and time.monotonic() - start > 9.5
        assert result.notices("WARNING") == ["benchmark results that are not stored yet: 1"], result.messages
        s.send("SELECT spout_bench.flush(20)")
        result = s.result()
    assert result.rows == [['{"sent": 1, "rejected": 1, "committed": 0}']], result.rows
    assert result.notices("WARNING") == ["benchmark results that were not stored: 1"], result.messages
    assert log_lines(c) == ["locked"] and c.log.count("canceling statement due to lock timeout") == 3
    s.run("SELECT record_benchmark('unlocked', '{1}')")
    stored_once(c, ["unlocked"])
    s.close()
    open(c.logfile, "w").close()


if __name__ == "__main__":
    harness.main()
