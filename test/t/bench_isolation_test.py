#!/usr/bin/env python3
"""bench_isolation_test.py - whatever becomes of one benchmark, the others do not notice; memory passes side by side; bad company is told."""
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.limits import prompt  # noqa: E402

WORKERS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_spout benchmark'"
SETTINGS = "SELECT name, setting FROM pg_settings ORDER BY 1"
QUICK = {"iterations": 6, "min_time": 0.001, "budget": 20}
# Numbers of a result that no machine, hour or neighbour may change.
EXACT = ("status", "bytes", "crc32c", "peak_memory", "allocated_memory", "deallocated_memory", "net_memory")
KEYS = set("""pg_version_num pg_build ext_version ext_build compiler libs os kernel arch cpu_model cores governor mem_total cgroup_limit virt fs_type
    settings seed loops timer timer_precision cold_ratio contamination noise_floor""".split())

# name: (run_sql, more arguments, status, sqlstate, message)
FATES = {
    "x error": ("SELECT 1/0", "", "failed", "22012", "division by zero"),
    "x memory": ("SELECT length(repeat('x', 200000000))", "config => '{\"memory_limit\": \"100MB\"}'", "failed", "53200", "out of memory"),
    "x disk": ("COPY (SELECT generate_series(1, 1000)) TO '{out}'", "config => '{\"disk_limit\": \"1kB\"}'", "failed", "53100", "benchmark wrote N bytes, more than its disk limit of 1024"),
    "x sleeps": ("SELECT pg_sleep(60)", "config => '{\"max_time\": 0.5, \"min_time\": 0}'", "timeout", "57014", "past its deadline"),
    "x is deaf": ("DO $$BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END$$", "config => '{\"max_time\": 0.5, \"min_time\": 0}'",
                  "timeout", "57P01", "past its deadline"),
    "x setup": ("SELECT 1", "setup_sql => 'SELECT 1/0'", "skipped", "22012", "division by zero"),
    "x teardown": ("SELECT 1", "teardown_sql => 'SELECT 1/0'", "ok", None, None),
    "x dies": ("SELECT pg_terminate_backend(pg_backend_pid())", "", "failed", "57P01", "the benchmark's process ended without an answer"),
    "x changes": ("SELECT FROM generate_series(1, nextval('left_behind_seq'))", "setup_sql => 'CREATE TEMPORARY SEQUENCE left_behind_seq'", "failed", "22000", "output changed"),
    "x commits": ("COMMIT", "", "failed", "2D000", "a benchmark must not end its transaction"),
    "x rolls back": ("ROLLBACK", "", "failed", "2D000", "a benchmark must not end its transaction"),
    "x aborts": ("ABORT", "", "failed", "2D000", "a benchmark must not end its transaction"),
    "x begins": ("BEGIN", "", "failed", "2D000", "a benchmark must not end its transaction"),
    "x savepoint": ("SAVEPOINT a", "", "failed", "2D000", "a benchmark must not end its transaction"),
    "x prepares": ("PREPARE TRANSACTION 'left_behind'", "", "failed", "2D000", "a benchmark must not end its transaction"),
    "x commits late": ("INSERT INTO kept VALUES (2); COMMIT", "", "failed", "2D000", "a benchmark must not end its transaction"),
    "x commits inside": ("DO $$BEGIN INSERT INTO kept VALUES (3); COMMIT; END$$", "", "failed", "2D000", "invalid transaction termination"),
    "x calls": ("CALL committing()", "", "failed", "2D000", "invalid transaction termination"),
    "x setup commits": ("SELECT 1", "setup_sql => 'COMMIT'", "skipped", "2D000", "a benchmark must not end its transaction"),
    "x writes": ("INSERT INTO kept VALUES (4)", "", "ok", None, None),
    "x makes a table": ("CREATE TABLE left_behind (a int)", "", "failed", "42P07", 'relation "left_behind" already exists'),
    "x locks": ("SELECT pg_advisory_lock(4711), pg_advisory_lock(4712)", "", "ok", None, None),
    "x sets": ("SET work_mem = '77MB'", "", "ok", None, None),
    "x leaves files": ("COPY (SELECT 1) TO '{out}'; SELECT 1/0", "", "failed", "22012", "division by zero"),
    "x runs others": ("SELECT count(*) FROM run_benchmarks(names => '^core/csv/encode/100$')", "", "failed", "55006", "benchmarks are running in this database already"),
    "x '); DROP TABLE kept; --": ("SELECT 1", "", "ok", None, None),
}
IN_WORKERS_ONLY = {"x memory", "x dies", "x is deaf", "x locks"}  # what a session would not survive, or would keep


def setup_module():
    global c
    c = Cluster(preload=True, conf={"autovacuum_naptime": "1s"})
    c.psql("ALTER SYSTEM SET pg_spout.benchmark_config = '{\"directory\": \"%s\"}'; SELECT pg_reload_conf()" % c.outdir)
    c.psql("CREATE EXTENSION pg_spout_bench CASCADE; CREATE TABLE kept (a int); INSERT INTO kept VALUES (1);"
           "CREATE PROCEDURE committing() LANGUAGE plpgsql AS $$BEGIN INSERT INTO kept VALUES (5); COMMIT; END$$")


def teardown_module():
    c.remove()


def register(name, run_sql, more="", kind="time"):
    c.psql("SELECT register_benchmark($n$%s$n$, $q$%s$q$, benchmark_type => '%s'%s)" % (name, run_sql, kind, ", " + more if more else ""))


def unregister():
    c.psql("DELETE FROM benchmark_definitions")


def call(names, kind="time", **config):
    config = json.dumps(dict(QUICK, **config))
    return "SELECT * FROM run_benchmarks('%s', names => '%s', output_format => 'json', config => '%s')" % (kind, names, config)


def run(names, kind="time", cluster=None, **config):
    return json.loads((cluster or c).value(call(names, kind, **config)))


def items(run_id):
    rows = c.psql("SELECT name, status, sqlstate, message FROM benchmark_items WHERE run_id = %d" % run_id)
    return {r[0]: (r[1], r[2], re.sub(r"wrote \d+ bytes", "wrote N bytes", r[3]) if r[3] else None) for r in rows}


def exact(report):
    return {r["name"]: {k: r.get(k) for k in EXACT} for r in report["results"] + report["memory"] if not r["name"].startswith("x ")}


def what_is_left():
    """Everything a benchmark could leave in the cluster."""
    return (c.psql("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace OR relpersistence = 't' ORDER BY 1"), c.psql("SELECT * FROM kept ORDER BY 1"),
            c.psql("SELECT gid FROM pg_prepared_xacts"), c.psql("SELECT classid, objid FROM pg_locks WHERE locktype = 'advisory'"), c.value(WORKERS),
            sorted(os.listdir(c.outdir)))


def test_every_fate_in_one_run_leaves_the_others_as_they_were():
    c.psql("SELECT benchmark_data('records', 100)")
    good = "^((core|db)/(avro|csv|json|xml)/(encode|export)/100|y .*)$"
    register("y mine", "COPY (SELECT generate_series(1, 1000)) TO '{out}'")
    alone = exact(run(good, "all"))
    assert len(alone) == 9 and all(a["status"] == "ok" for a in alone.values()), alone
    for name, (run_sql, more, *_) in FATES.items():
        register(name, run_sql, more)
    before = what_is_left()
    s = c.session()
    s.run("LOAD 'plpgsql'")  # has settings of its own
    settings = s.run(SETTINGS)
    report = json.loads(s.run(call(good[:-2] + "|x .*)$", "all", budget=120))[0][0])
    seen = items(report["run_id"])
    for name, (_, _, *want) in FATES.items():
        assert list(seen[name]) == want, (name, seen[name], want)
    assert exact(report) == alone
    assert what_is_left() == before
    assert [x for x in s.run(SETTINGS) if x not in settings] == []
    s.close()
    told = {f["name"]: f["status"] for f in report["failed"]}
    assert told == {n: f[2] for n, f in FATES.items() if f[2] in ("failed", "timeout")}
    assert {f["name"] for f in report["skipped"]} == {"x setup", "x setup commits"}
    assert "x teardown: teardown failed: division by zero" in report["warnings"]
    assert report["recorded"]["rejected"] == 0 and report["recorded"]["sent"] == report["recorded"]["committed"] == len(seen) + 2
    unregister()


def test_the_same_fates_inside_the_session():
    before = what_is_left()
    s = c.session()
    s.run("LOAD 'plpgsql'")  # has settings of its own
    settings = s.run(SETTINGS)
    wanted = {n: f for n, f in FATES.items() if n not in IN_WORKERS_ONLY}
    for name in wanted:
        register(name, *wanted[name][:2])
    report = json.loads(s.run(call("^x ", isolation="session"))[0][0])
    seen = items(report["run_id"])
    for name, (_, _, *want) in wanted.items():
        assert list(seen[name]) == want, (name, seen[name], want)
    assert all("in_session" in r["flags"] for r in report["results"])
    assert what_is_left() == before
    assert [x for x in s.run(SETTINGS) if x not in settings] == []
    s.close()
    unregister()


def most_workers(s):
    """How many benchmarks ran at once while the session's statement ran."""
    most, began = 0, time.monotonic()
    while time.monotonic() < began + 0.5 or c.value("SELECT state FROM pg_stat_activity WHERE pid = %d" % s.backend_pid) == "active":
        most = max(most, int(c.value(WORKERS)))
    return most


def test_memory_side_by_side_and_times_alone():
    for i in range(4):
        register("m%d" % i, "SELECT pg_sleep(1)", kind="memory")
        register("t%d" % i, "SELECT pg_sleep(0.1)", "config => '{\"max_time\": 1}'")
    s = c.session()
    for kind, names, parallel, most in (("memory", "^m", 2, 2), ("memory", "^m", 4, 4), ("memory", "^m", 1, 1), ("all", "^t", 4, 1)):
        start = time.monotonic()
        s.send(call(names, kind, parallel=parallel))
        assert most_workers(s) == most, (names, parallel)
        took = time.monotonic() - start
        report = json.loads(s.result().rows[0][0])
        assert not report["failed"] and len(report["memory"] if names == "^m" else report["results"]) == 4, report
        assert all("in_session" not in r["flags"] for r in report["memory"] + report["results"])
        assert names != "^m" or took >= 4 / parallel, (parallel, took)
    s.close()
    unregister()


def test_memory_side_by_side_is_the_memory_of_one():
    pattern = "^(core|db)/.*/(100|1000)$"
    one, four = run(pattern, "memory"), run(pattern, "memory", parallel=4)
    assert len(one["memory"]) == 16 and exact(one) == exact(four)
    # In the order of the run, each with its own row.
    rows = c.psql("SELECT i.name, m.name, i.ord FROM benchmark_items i JOIN memory_profile_results m ON m.id = i.memory_result_id WHERE run_id = %d ORDER BY ord" % four["run_id"])
    assert [int(r[2]) for r in rows] == list(range(1, 17)) and all(r[0] == r[1] for r in rows)
    assert [r[0] for r in rows] == [m["name"] for m in four["memory"]]


def test_errors_side_by_side_hit_their_own_benchmark():
    fates = {"x error", "x memory", "x sleeps", "x dies", "x setup", "x writes", "x leaves files", "x locks"}
    before = what_is_left()
    for name in fates:
        register(name, FATES[name][0], FATES[name][1], kind="memory")
    report = run("^(x .*|db/csv/export/100)$", "memory", parallel=5)
    seen = items(report["run_id"])
    assert {n: list(seen[n]) for n in fates} == {n: list(FATES[n][2:]) for n in fates}
    assert [m["name"] for m in report["memory"] if not m["name"].startswith("x ")] == ["db/csv/export/100"]
    assert what_is_left() == before
    unregister()


def two_asleep(of):
    """A session whose run has two of its benchmarks at work, which would sleep for a minute."""
    for i in range(of):
        register("m%d" % i, "COPY (SELECT pg_sleep(60)) TO '{out}'", kind="memory")
    s = c.session()
    s.send(call("^m", "memory", parallel=2))
    deadline = time.monotonic() + prompt(20)
    while int(c.value(WORKERS)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    return s


def test_a_cancel_ends_all_of_them():
    s = two_asleep(of=3)
    c.psql("SELECT pg_cancel_backend(%d)" % s.backend_pid)
    error = s.result().error
    assert error and error.sqlstate == "57014", error
    s.run("SELECT 1")
    s.close()
    assert c.value(WORKERS) == "0" and os.listdir(c.outdir) == []
    run_id = int(c.value("SELECT max(run_id) FROM benchmark_runs"))
    assert c.value("SELECT status FROM benchmark_runs WHERE run_id = %d" % run_id) == "cancelled"
    assert sorted(items(run_id).values()) == [("cancelled", "57014", "the run was cancelled")] * 2
    unregister()
    run("^core/avro/encode/100$")  # the lock is free again


def test_a_terminated_session_takes_its_processes_and_files_along():
    s = two_asleep(of=2)
    assert len(os.listdir(c.outdir)) == 2
    c.psql("SELECT pg_terminate_backend(%d, 10000)" % s.backend_pid)
    s.close()
    assert c.value(WORKERS) == "0" and os.listdir(c.outdir) == []
    unregister()


def test_few_slots_make_them_wait_and_none_makes_the_session_work():
    for slots, in_session in ((4, False), (2, True)):
        with Cluster(preload=True, conf={"max_worker_processes": slots}) as d:
            d.psql("CREATE EXTENSION pg_spout_bench CASCADE")
            report = run("^(core|db)/csv/.*/(100|1000)$", "memory", d, parallel=4)
            assert len(report["memory"]) == 4 and report["recorded"]["rejected"] == 0, report["recorded"]
            assert ["in_session" in m["flags"] for m in report["memory"]] == [in_session] * 4, (slots, report["memory"])


def contamination(report):
    r = report["results"][0]
    env = c.value("SELECT environment -> 'contamination' FROM benchmark_results WHERE id = %d" % r["id"])
    return json.loads(env), "contended" in r["flags"]


def test_checkpoints_and_autovacuum_meanwhile_are_told():
    register("long", "SELECT pg_sleep(0.1)", "config => '{\"max_time\": 3, \"iterations\": 20}'")
    s = c.session()
    s.send(call("^long$", max_time=3, iterations=20))
    while c.value(WORKERS) == "0":
        time.sleep(0.02)
    time.sleep(1)
    c.psql("CHECKPOINT")
    told, contended = contamination(json.loads(s.result().rows[0][0]))
    assert told["checkpoint"] is True and contended, told
    # A vacuum so slow that it surely overlaps.
    c.psql("CREATE TABLE dusty WITH (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0)"
           " AS SELECT generate_series(1, 100000) AS a; DELETE FROM dusty WHERE a % 2 = 0")
    deadline = time.monotonic() + prompt(60)
    while c.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND query LIKE '%dusty%'") == "0" and time.monotonic() < deadline:
        time.sleep(0.1)
    told, contended = contamination(json.loads(s.run(call("^long$", max_time=1, iterations=6))[0][0]))
    assert told["autovacuum"] is True and contended, told
    c.psql("DROP TABLE dusty")
    s.close()
    unregister()


def test_the_environment_has_its_keys_and_no_other():
    report = run("^db/csv/export/100$", "all", timer="process_time", seed=7)
    for table in ("benchmark_results", "memory_profile_results", "benchmark_runs"):
        env = json.loads(c.value("SELECT environment FROM %s ORDER BY 1 DESC LIMIT 1" % table))
        assert set(env) == KEYS, (table, set(env) ^ KEYS)
        assert env["pg_version_num"] == int(c.value("SHOW server_version_num")) and env["cores"] == os.cpu_count()
        assert env["pg_build"] == c.value("SELECT version()") and env["ext_version"] == c.value("SELECT extversion FROM pg_extension WHERE extname = 'pg_spout'")
        assert env["kernel"] == os.uname().release and env["arch"] == os.uname().machine
        assert env["mem_total"] == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        assert re.search(r"zlib \d.*zstd \d.*lz4 \d.*snappy \d.*bzip2 \d.*xz \d", env["libs"]), env["libs"]
        assert env["fs_type"] and env["os"] and env["compiler"] and env["settings"]["shared_buffers"]
        assert env["seed"] == 7 and env["timer"] == "process_time" and env["noise_floor"] is None
    env = json.loads(c.value("SELECT environment FROM benchmark_results ORDER BY 1 DESC LIMIT 1"))
    assert env["loops"] >= 1 and 0 < env["timer_precision"] < 0.01 and env["cold_ratio"] > 0
    assert {"steal", "cpu_pressure", "involuntary_switches_per_s", "not_on_cpu", "checkpoint", "autovacuum"} == set(env["contamination"])
    assert set(report["environment"]) == KEYS


def test_the_noise_floor_is_measured_where_the_budget_allows_it():
    text = [r[0] for r in c.psql("SELECT * FROM run_benchmarks('time', names => '^(db|core)/csv/e.*/100$', config => '{\"budget\": 30, \"iterations\": 6, \"max_time\": 0.3}')")]
    heads = [line for line in text if re.match(r"(core|db): 1 benchmark", line)]
    assert len(heads) == 2 and all(re.search(r"; noise floor of this machine \+-\d+\.\d % \(10 A/A pairs\)$", h) for h in heads), heads
    floor = float(c.value("SELECT environment ->> 'noise_floor' FROM benchmark_runs ORDER BY run_id DESC LIMIT 1"))
    assert floor > 0 and "%.1f" % (floor * 100) in heads[0], (floor, heads)
    assert c.value("SELECT count(DISTINCT environment ->> 'noise_floor') FROM (SELECT environment FROM benchmark_results ORDER BY id DESC LIMIT 2) r") == "1"
    for more in ("'time', names => '^db/csv/export/100$', config => '{\"budget\": 29, \"iterations\": 6, \"max_time\": 0.3}'",
                 "'memory', names => '^db/csv/export/100$', config => '{\"budget\": 30}'"):
        assert not any("noise" in r[0] for r in c.psql("SELECT * FROM run_benchmarks(%s)" % more))


if __name__ == "__main__":
    harness.main()
