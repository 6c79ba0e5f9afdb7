#!/usr/bin/env python3
"""bench_run_test.py - runs of benchmarks as processes see them: one at a time, cancelled, on a standby, without workers, judged.

    SPOUT_AA_ROUNDS=200      comparisons of an export with itself, and a quarter as many with a slower one; CI runs one. No time decides.
"""
import csv
import io
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.limits import prompt  # noqa: E402
from lib.psql import psql_env  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PYTHON = os.path.join(ROOT, ".venv", "bin", "python")
ROUNDS = int(os.environ.get("SPOUT_AA_ROUNDS", "1"))
QUICK = """config => '{"iterations": 6, "min_time": 0.001, "budget": 5}'"""
WORKERS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_spout benchmark'"


def setup_module():
    global c
    c = Cluster(preload=True)
    c.psql("ALTER SYSTEM SET pg_spout.benchmark_config = '{\"directory\": \"%s\"}'; SELECT pg_reload_conf()" % c.outdir)
    c.psql("CREATE EXTENSION pg_spout_bench CASCADE; CREATE ROLE writer LOGIN IN ROLE pg_write_server_files; CREATE ROLE plain LOGIN;"
           "CREATE ROLE quiet NOLOGIN IN ROLE pg_write_server_files")


def teardown_module():
    c.remove()


def run(names, kind="time", more="", **kwargs):
    """The dictionary of a quick run."""
    return json.loads(c.value("SELECT * FROM run_benchmarks('%s', names => '%s', output_format => 'json', %s%s)"
                              % (kind, names, QUICK, more), **kwargs))


def leftovers():
    return [name for name in os.listdir(c.outdir) if name.startswith("pg_spout_bench_")]


def test_json_fits_its_schema_and_csv_reads():
    report = c.value("SELECT * FROM run_benchmarks(names => '/100$', output_format => 'json', %s)" % QUICK)
    formats = {r["format"] for r in json.loads(report)["results"]}
    assert {"avro", "csv", "json", "xml", "native_text", "native_csv", "native_binary"} <= formats
    done = subprocess.run([PYTHON, "-c", "import fastjsonschema"], stderr=subprocess.DEVNULL) if os.path.exists(PYTHON) else None
    text = "\n".join(r[0] for r in c.psql("SELECT * FROM run_benchmarks(names => '/100$', output_format => 'csv', %s)" % QUICK))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {r["name"] for r in rows} == {r["name"] for r in json.loads(report)["results"]}
    assert all(float(r["min_time"]) <= float(r["median_time"]) <= float(r["max_time"]) for r in rows)
    assert all(None not in r for r in rows)
    harness.require(done and done.returncode == 0, "no fastjsonschema in .venv: tools/setup.sh test")
    check = ("import json, sys, fastjsonschema; fastjsonschema.validate(json.load(open(sys.argv[1])), json.load(sys.stdin))")
    subprocess.run([PYTHON, "-c", check, os.path.join(ROOT, "test", "data", "benchmark_run.schema.json")], input=report, text=True, check=True)


def test_console_columns_align():
    lines = [r[0] for r in c.psql("SELECT * FROM run_benchmarks('time', 'db', names => '/100$', %s)" % QUICK)]
    head = next(i for i, line in enumerate(lines) if line.startswith("name"))
    ends = [lines[head].index(word) + len(word) for word in ("min", "max", "mean", "stddev", "median", "rounds", "rows/s")]
    for line in lines[head + 1:head + 4]:
        assert line.startswith("db/")
        for end in ends:
            assert line[end - 1] != " " and line[end:end + 2] == "  ", (end, line)


def test_a_second_run_is_refused_and_leaves_no_trace():
    s = c.session()
    s.run("SELECT register_benchmark('long', 'SELECT pg_sleep(0.3)', benchmark_type => 'time')")
    s.send("SELECT count(*) FROM run_benchmarks('time', names => '^long$', config => '{\"iterations\": 5, \"max_time\": 4}')")
    deadline = time.monotonic() + prompt(20)
    while c.value(WORKERS) == "0" and time.monotonic() < deadline:
        time.sleep(0.02)
    runs = c.value("SELECT count(*) FROM benchmark_runs")
    error = c.error("SELECT * FROM run_benchmarks('time', names => '/100$')")
    assert error.sqlstate == "55006", error
    assert c.value("SELECT count(*) FROM benchmark_runs") == runs
    assert c.value("SELECT status FROM benchmark_runs ORDER BY run_id DESC LIMIT 1") == "running"
    s.result()
    s.close()
    assert c.value("SELECT status FROM benchmark_runs ORDER BY run_id DESC LIMIT 1") == "done"


def test_cancel_keeps_what_is_finished_and_ends_the_worker():
    c.psql("SELECT register_benchmark('sleeper', 'SELECT pg_sleep(60)', benchmark_type => 'time')")
    s = c.session()
    s.send("SELECT count(*) FROM run_benchmarks('time', names => '^(sleeper|core/avro/encode/100)$', config => '{\"iterations\": 6, \"max_time\": 30, \"budget\": 40}')")
    deadline = time.monotonic() + prompt(30)
    query = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_spout benchmark' AND wait_event = 'PgSleep'"
    while c.value(query) == "0" and time.monotonic() < deadline:
        time.sleep(0.05)
    start = time.monotonic()
    c.psql("SELECT pg_cancel_backend(%d)" % s.backend_pid)
    error = s.result().error
    assert error and error.sqlstate == "57014", error
    assert time.monotonic() - start < prompt(10)
    assert c.value("SELECT status FROM benchmark_runs ORDER BY run_id DESC LIMIT 1") == "cancelled"
    assert c.value(WORKERS) == "0"
    s.run("SELECT 1")
    s.close()
    run("^core/avro/encode/100$")  # the lock is free again
    c.psql("SELECT unregister_benchmark('sleeper')")


def test_a_killed_session_leaves_a_run_that_the_next_one_marks():
    s = c.session()
    s.send("SELECT count(*) FROM run_benchmarks('time', names => '^long$', config => '{\"iterations\": 5, \"max_time\": 4}')")
    deadline = time.monotonic() + prompt(20)
    while c.value(WORKERS) == "0" and time.monotonic() < deadline:
        time.sleep(0.02)
    c.psql("SELECT pg_terminate_backend(%d)" % s.backend_pid)
    s.close()
    deadline = time.monotonic() + prompt(20)
    while c.value(WORKERS) != "0" and time.monotonic() < deadline:
        time.sleep(0.05)
    before = c.value("SELECT max(run_id) FROM benchmark_runs")
    run("^core/avro/encode/100$")
    assert c.value("SELECT status FROM benchmark_runs WHERE run_id = %s" % before) == "aborted"


def test_roles():
    assert c.error("SELECT * FROM run_benchmarks()", user="plain").sqlstate == "42501"
    c.psql("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO plain")
    assert c.error("SELECT spout_bench.send('{}')", user="plain").sqlstate == "42501"
    assert c.error("SELECT * FROM run_benchmarks('time', names => '/100$')", user="plain").sqlstate == "42501"
    c.psql("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM plain")
    # One role's definition is nobody else's, not even a superuser's.
    c.psql("SELECT register_benchmark('theirs', 'SELECT 1', benchmark_type => 'time')", user="writer")
    assert run("^theirs$")["results"] == []
    assert len(run("^theirs$", user="writer")["results"]) == 1
    assert len(run("^db/avro/export/100$", user="writer")["results"]) == 1
    rows = c.psql("SET ROLE quiet; SELECT r::jsonb -> 'results' -> 0 -> 'flags' ? 'in_session' FROM run_benchmarks('time', names => '^db/avro/export/100$', output_format => 'json', %s) r" % QUICK)
    assert rows[-1] == ["t" if c.version < 170000 else "f"], rows


def test_memory_heavy_and_hanging_benchmarks_leave_the_others_alone():
    c.psql("""SELECT register_benchmark('z hungry', 'SELECT length(repeat(''x'', 300000000))', benchmark_type => 'time'),
        register_benchmark('z hangs', 'SELECT pg_sleep(30)', benchmark_type => 'time', config => '{"max_time": 0.5, "min_time": 0}'),
        register_benchmark('z setup', 'SELECT 1', 'SELECT 1/0', benchmark_type => 'time')""")
    report = run("^(z |core/csv/encode/100$)")
    assert [r["name"] for r in report["results"]] == ["core/csv/encode/100"]
    assert {f["name"]: f["status"] for f in report["failed"]} == {"z hungry": "failed", "z hangs": "timeout"}
    assert [x["name"] for x in report["skipped"]] == ["z setup"]
    c.psql("DELETE FROM benchmark_definitions WHERE name LIKE 'z %'")
    assert leftovers() == [], leftovers()
    assert c.value(WORKERS) == "0"


def test_drop_database_right_after_a_run():
    c.psql("CREATE DATABASE gone")
    c.psql("CREATE EXTENSION pg_spout_bench CASCADE", db="gone")
    assert len(run("^core/avro/encode/100$", db="gone")["results"]) == 1
    c.psql("DROP DATABASE gone")


def test_without_a_free_worker_the_session_does_it():
    with Cluster(preload=True, conf={"max_worker_processes": 2}) as d:
        d.psql("CREATE EXTENSION pg_spout_bench CASCADE")
        report = json.loads(d.value("SELECT * FROM run_benchmarks('time', names => '^core/avro/encode/100$', output_format => 'json', %s)" % QUICK))
        assert "in_session" in report["results"][0]["flags"]


def test_on_a_standby_results_are_returned_and_not_recorded():
    c.psql("SELECT benchmark_data('records', 100)")
    standby = c.standby()
    try:
        deadline = time.monotonic() + prompt(30)
        while standby.value("SELECT to_regclass('spout_bench.records_r100_c5_s1_v1') IS NULL") == "t" and time.monotonic() < deadline:
            time.sleep(0.1)
        report = json.loads(standby.value("SELECT * FROM run_benchmarks('time', names => '^core/avro/encode/100$', output_format => 'json', %s)" % QUICK))
        assert len(report["results"]) == 1 and report["run_id"] is None
        assert report["recorded"] == {"sent": 0, "committed": 0, "rejected": 0}
        assert report["results"][0]["flags"].count("in_session") == 1
    finally:
        standby.remove()


def test_a_read_only_transaction_records_all_the_same():
    before = c.value("SELECT count(*) FROM benchmark_items")
    c.psql("BEGIN READ ONLY; SELECT count(*) FROM run_benchmarks('time', names => '^core/avro/encode/100$', %s); ROLLBACK" % QUICK)
    assert int(c.value("SELECT count(*) FROM benchmark_items i JOIN benchmark_results r ON r.id = i.result_id")) > 0
    assert int(c.value("SELECT count(*) FROM benchmark_items")) == int(before) + 1
    assert c.value("SELECT status FROM benchmark_runs ORDER BY run_id DESC LIMIT 1") == "done"


def test_a_gate_that_fails_ends_psql_with_3():
    c.psql("""INSERT INTO benchmark_runs (run_id, status, started, requested_by, arguments, fingerprint, environment) VALUES (900, 'done', now(), 'me', '{}', 'f', '{}');
        INSERT INTO benchmark_items VALUES (900, 1, 'x', 'time', 'db', NULL, NULL, 'h', 'failed', '22012', 'division by zero');
        SELECT set_baseline(900, 'broken')""")
    done = subprocess.run([os.path.join(c.bindir, "psql"), "-X", "-v", "ON_ERROR_STOP=1", "-f", "-"], input="SELECT gate_benchmarks('{900}', 'broken');",
                          env=psql_env(c.connection()), text=True, capture_output=True)
    assert done.returncode == 3 and "x: division by zero" in done.stderr, done


def test_verdicts_of_equal_and_unequal_work_are_printed():
    """Times decide nothing here: what the gate says of an export beside itself, and beside itself with a delay of 10 %, is printed.
    A delay comes in whole milliseconds, so the export is long enough for that to be 10 %."""
    c.psql("SELECT benchmark_data('records', 100000)")
    export = "SELECT e.* FROM export_to_avro(''TABLE spout_bench.records_r100000_c5_s1_v1'', ''{out}'', options => ''{\"sync\": false}'') e"
    ab = "SELECT verdict, median_a FROM benchmark_ab('%s', '%s', 30, config => '{\"max_time\": 3}')"
    said = {"equal": [], "slower": []}
    for i in range(ROUNDS):
        verdict, seconds = c.psql(ab % (export, export))[0]
        said["equal"].append(verdict)
        if i % 4 == 0:
            delayed = export + ", pg_sleep(%.3f)" % max(0.001, round(float(seconds) / 10, 3))
            said["slower"].append(c.psql(ab % (export, delayed))[0][0])
    for what, verdicts in said.items():
        assert set(verdicts) <= {"equivalent", "inconclusive", "improvement", "regression"}
        print("        %s: %s" % (what, ", ".join("%s %d" % (v, verdicts.count(v)) for v in sorted(set(verdicts)))))


if __name__ == "__main__":
    harness.main()
