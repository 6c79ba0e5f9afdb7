#!/usr/bin/env python3
"""bench_store_test.py - what is stored of benchmarks: dumped and restored, gated, reported, in a schema of any name; statistics
against exact rational arithmetic."""
import csv
import fractions
import io
import json
import math
import os
import random
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster, bindir  # noqa: E402
from lib.limits import prompt  # noqa: E402
from lib.psql import psql_command, psql_env  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SERIES = int(os.environ.get("SPOUT_STATS_SERIES", "300"))  # random series beside exact arithmetic
QUICK = "config => '{\"iterations\": 6, \"min_time\": 0.001, \"budget\": 5}'"


def setup_module():
    global c
    c = Cluster(preload=True)
    c.psql("CREATE EXTENSION pg_spout_bench CASCADE; CREATE ROLE writer LOGIN IN ROLE pg_write_server_files")


def teardown_module():
    c.remove()


def test_a_schema_of_any_name():
    c.psql('CREATE DATABASE odd')
    c.psql('CREATE SCHEMA "Odd schema"; CREATE EXTENSION pg_spout_bench SCHEMA "Odd schema" CASCADE', db="odd")
    report = json.loads(c.value('SELECT * FROM "Odd schema".run_benchmarks(names => \'/100$\', formats => \'{csv}\', output_format => \'json\', %s)' % QUICK, db="odd"))
    assert {r["name"] for r in report["results"]} == {"core/csv/encode/100", "db/csv/export/100"}, report
    assert report["recorded"]["committed"] == report["recorded"]["sent"] > 0
    made = json.loads(c.value('SELECT "Odd schema".export_benchmark(100, formats => \'{csv}\')', db="odd"))
    assert made["results"][0]["fileSizeBytes"] > 0
    c.psql("DROP DATABASE odd")


STORED = ("SELECT (SELECT jsonb_agg(t ORDER BY id) FROM benchmark_results t), (SELECT jsonb_agg(t ORDER BY id) FROM memory_profile_results t),"
          " (SELECT jsonb_agg(t ORDER BY run_id) FROM benchmark_runs t), (SELECT jsonb_agg(t ORDER BY run_id, ord) FROM benchmark_items t),"
          " (SELECT jsonb_agg(t ORDER BY name) FROM benchmark_definitions t), (SELECT array_agg(s::text ORDER BY s.run) FROM (SELECT"
          " (SELECT last_value FROM benchmark_runs_run_id_seq) AS run, (SELECT last_value FROM benchmark_results_id_seq),"
          " (SELECT last_value FROM memory_profile_results_id_seq)) s)")


def pg(program, *arguments, user="postgres"):
    """Runs a program of this server; what it complains of, or None."""
    done = subprocess.run([os.path.join(bindir(), program), *arguments], env=psql_env(c.connection(user=user)), text=True, capture_output=True)
    return (done.stderr or "failed") if done.returncode else None


def test_a_dump_keeps_results_definitions_and_numbering():
    """As whoever may dump a database where the extension is missing: its owner, and a role that reads all data. In a schema of any name."""
    c.psql("CREATE ROLE dbowner LOGIN; CREATE ROLE reader LOGIN IN ROLE pg_read_all_data")
    for schema in ("public", '"Odd schema"'):
        c.psql("CREATE DATABASE kept OWNER dbowner; ALTER DATABASE kept SET search_path = %s" % schema)
        c.psql("CREATE SCHEMA IF NOT EXISTS %s; ALTER SCHEMA %s OWNER TO postgres" % (schema, schema), db="kept")
        dump = os.path.join(c.outdir, "dump")
        for role in ("dbowner", "reader"):
            assert pg("pg_dump", "-f", dump + ".before." + role, "kept", user=role) is None
        c.psql("CREATE EXTENSION pg_spout_bench SCHEMA %s CASCADE; GRANT USAGE ON SCHEMA %s TO writer" % (schema, schema), db="kept")
        c.psql("SELECT register_benchmark('mine', 'SELECT 1'); SELECT register_benchmark('x '' \" | %s', 'SELECT 1', requires => '{\"pg\": \"<9\"}')", db="kept")
        c.psql("SELECT register_benchmark('theirs', 'SELECT 2')", user="writer", db="kept")
        run = json.loads(c.value("SELECT * FROM run_benchmarks(names => '^(mine|x|db/csv/export/100$)', output_format => 'json', %s)" % QUICK, db="kept"))["run_id"]
        c.psql("SELECT set_baseline(%d)" % run, db="kept")
        stored = c.psql(STORED, db="kept")[0]
        assert all(stored) and c.value("SELECT count(*) FROM pg_matviews WHERE schemaname = 'spout_bench'", db="kept") == "1"
        for role in ("dbowner", "reader", "postgres") if schema == "public" else ("dbowner",):
            assert pg("pg_dump", "-Fc", "-f", dump, "kept", user=role) is None, (schema, role)
            c.psql("CREATE DATABASE restored; ALTER DATABASE restored SET search_path = %s" % schema)
            assert pg("pg_restore", "-1", "-e", "-d", "restored", dump) is None, (schema, role)
            assert c.psql(STORED, db="restored")[0] == stored, (schema, role)
            # Data sets are made again where they are wanted.
            assert c.psql("SELECT 1 FROM pg_matviews WHERE schemaname = 'spout_bench'", db="restored") == []
            if role == "reader":
                assert c.psql("SELECT name FROM spout_bench.own_definitions", user="writer", db="restored") == [["theirs"]]
                report = json.loads(c.value("SELECT * FROM run_benchmarks(names => '^mine', output_format => 'json', %s)" % QUICK, db="restored"))
                assert report["run_id"] == run + 1 and report["recorded"]["committed"] == 3
                assert c.value("SELECT count(*) FROM compare_benchmarks('{%d}') WHERE verdict NOT LIKE 'not %%'" % (run + 1), db="restored") == "4"
            c.psql("DROP DATABASE restored")
        c.psql("DROP DATABASE kept")
    c.psql("DROP ROLE dbowner, reader")


def test_benchmarks_of_dropped_roles_are_not_dumped():
    """Their owner is a number by then, and restored it could be anybody's: a superuser would run what the role left."""
    c.psql("CREATE ROLE leaver LOGIN IN ROLE pg_write_server_files; CREATE DATABASE left_behind")
    c.psql("CREATE EXTENSION pg_spout_bench CASCADE; SELECT register_benchmark('mine', 'SELECT 1')", db="left_behind")
    for role in ("leaver", "writer"):
        c.psql("SELECT register_benchmark('of %s', 'SELECT 2')" % role, user=role, db="left_behind")
    c.psql("DROP ROLE leaver")
    assert c.value("SELECT count(*) FROM benchmark_definitions", db="left_behind") == "3"
    dump = os.path.join(c.outdir, "left")
    assert pg("pg_dump", "-Fc", "-f", dump, "left_behind") is None
    c.psql("CREATE DATABASE restored")
    assert pg("pg_restore", "-1", "-e", "-d", "restored", dump) is None
    assert c.psql("SELECT owner, name FROM benchmark_definitions ORDER BY 1", db="restored") == [["postgres", "mine"], ["writer", "of writer"]]
    c.psql("DROP DATABASE restored")
    c.psql("DROP DATABASE left_behind")


def test_a_drop_tells_what_is_lost():
    c.psql("CREATE DATABASE doomed")
    for drop in ("DROP EXTENSION pg_spout_bench", "DROP EXTENSION IF EXISTS pg_spout CASCADE"):
        c.psql("CREATE EXTENSION pg_spout_bench CASCADE", db="doomed")
        assert [m for m in c.run("BEGIN; DROP EXTENSION pg_spout_bench; ROLLBACK", db="doomed").messages if m.severity == "WARNING"] == []
        c.psql("SELECT record_benchmark('x', '{1}'), record_benchmark('y', '{1}'); SELECT register_benchmark('mine', 'SELECT 1')", db="doomed")
        refused = c.run(drop, user="writer", db="doomed")  # may not drop it, so is told nothing
        assert [(m.severity, m.sqlstate) for m in refused.messages if m.severity != "NOTICE"] == [("ERROR", "42501")], refused.messages
        told = [m for m in c.run(drop, db="doomed").messages if m.severity == "WARNING"]
        assert [m.detail for m in told] == ["Rows that are lost: 2 of benchmark_results, 1 of benchmark_definitions."], told
        c.psql("DROP EXTENSION IF EXISTS pg_spout", db="doomed")
    c.psql("CREATE EXTENSION pg_spout; DROP EXTENSION pg_spout; DROP EXTENSION plpgsql", db="doomed")
    c.psql("DROP DATABASE doomed")


def test_a_gate_ends_a_script_with_3():
    c.psql("INSERT INTO benchmark_runs VALUES (1001, 'done', now(), now(), 'me', '{}', NULL, 'gate', NULL, NULL, NULL, 'f', '{}');"
           "INSERT INTO benchmark_items VALUES (1001, 1, 'x', 'time', 'db', NULL, NULL, 'h', 'failed', '22012', 'division by zero')")
    gate = ["-v", "ON_ERROR_STOP=1", "-c", "SELECT gate_benchmarks('{1001}', 'gate')"]
    done = subprocess.run(psql_command(bindir()) + ["-v", "ON_ERROR_STOP=1", "-f", "-"], input="SELECT gate_benchmarks('{1001}', 'gate');\n",
                          text=True, capture_output=True, env=psql_env(c.connection()))
    assert done.returncode == 3 and "P0004: x: division by zero" in done.stderr, done
    c.psql("UPDATE benchmark_items SET status = 'ok', message = NULL WHERE run_id = 1001")
    done = subprocess.run(psql_command(bindir()) + gate, text=True, capture_output=True, env=psql_env(c.connection()))
    assert done.returncode == 0, done
    c.psql("DELETE FROM benchmark_runs")


def test_a_stored_run_reads_back_in_every_format():
    c.psql("SELECT register_benchmark(E'odd\\n\"x, | ''%s <y>', 'SELECT 1', teardown_sql => 'SELECT 1/0'); SELECT register_benchmark('odd, bad', 'SELECT 1/0')")
    run = json.loads(c.value("SELECT * FROM run_benchmarks(names => '^(odd|db/csv/export/100$)', output_format => 'json', %s)" % QUICK))
    lists = ("results", "memory", "skipped", "failed")
    stored = json.loads(c.value("SELECT * FROM benchmark_report(output_format => 'json')"))
    assert list(stored) == list(run) == ["run_id", "status", "environment", "results", "memory", "skipped", "failed", "warnings", "recorded"]
    for part in lists:
        for a, b in zip(*(sorted(d[part], key=lambda x: x["name"]) for d in (run, stored))):
            assert {k: v for k, v in b.items() if v is not None} == {k: v for k, v in a.items() if v is not None}, (part, a, b)
        assert len(run[part]) == len(stored[part])
    assert stored["environment"] == run["environment"] and stored["warnings"] == run["warnings"] and len(run["warnings"]) >= 1
    names = {x["name"] for part in lists for x in run[part]}
    assert names == {"odd\n\"x, | '%s <y>", "odd, bad", "db/csv/export/100"}
    text = "\n".join(row[0] for row in c.psql("SELECT * FROM benchmark_report(output_format => 'csv')"))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [r["name"] for r in rows] == sorted(names) and not any(None in r for r in rows), rows
    by_name = {x["name"]: x for x in run["results"]}
    for r in rows:
        assert r["status"] == ("failed" if r["name"] == "odd, bad" else "ok")
        if r["name"] in by_name:
            assert float(r["median_time"]) == by_name[r["name"]]["median_time"] and int(r["peak_memory"]) == by_name[r["name"]]["peak_memory"]
    lines = [row[0] for row in c.psql("SELECT * FROM benchmark_report(output_format => 'markdown')")]
    assert len(lines) == 4 + len(names) and {len(re.split(r"(?<!\\)\|", line)) for line in lines[2:]} == {11}, lines
    assert not any("\n" in row[0] for row in c.psql("SELECT * FROM benchmark_report()"))
    c.psql("DELETE FROM benchmark_runs; SELECT unregister_benchmark(name) FROM benchmark_definitions")


def test_two_sessions_make_one_data_set():
    """The second waits for the first; what the first takes back it makes itself."""
    for end in ("COMMIT", "ROLLBACK"):
        first, second = c.session(), c.session()
        first.run("BEGIN; SELECT benchmark_data('int4', 50, 1)")
        second.send("SELECT benchmark_data('int4', 50, 1)")
        deadline = time.monotonic() + prompt(20)
        while c.value("SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND NOT granted") == "0":
            assert time.monotonic() < deadline, "the second session does not wait"
            time.sleep(0.02)
        first.run(end)
        result = second.result()
        assert not result.error and result.rows == [["spout_bench.int4_r50_c1_s1_v1"]], (end, result.error, result.rows)
        assert c.value("SELECT count(*) FROM spout_bench.int4_r50_c1_s1_v1") == "50"
        c.psql("SELECT benchmark_data('int4', 0)")
    c.psql("CREATE VIEW spout_bench.int4_r50_c1_s1_v1 AS SELECT 1 AS c1")
    assert tuple(c.error("SELECT benchmark_data('int4', 50, 1)"))[:2] == ("42809", "spout_bench.int4_r50_c1_s1_v1 is not a data set")
    c.psql("DROP VIEW spout_bench.int4_r50_c1_s1_v1")


def test_pgbench_records_latencies_and_compares_them():
    """On a database where nothing is prepared, as its documentation says."""
    harness.require(os.path.exists(os.path.join(bindir(), "pgbench")), "no pgbench beside this server")
    c.psql("CREATE DATABASE fresh")
    command = [sys.executable, os.path.join(ROOT, "bench", "pgbench", "run"), "--seconds", "1", "--rows", "10", "--clients", "2", "--formats", "csv"]
    scripts = ["%s/csv/%s/2" % (script, size) for size in (10, "wide") for script in ("native_copy", "copy", "function")]
    scripts += ["cancel/avro/100000/2", "error_path/avro/0/2", "refused/none/0/2", "record/none/0/2"]
    for more in (["--label", "a"], ["--baseline", "a", "--only", "^(native_copy|function)/csv/10"]):
        done = subprocess.run(command + more, env=psql_env(c.connection(db="fresh")), text=True, capture_output=True)
        assert done.returncode == 0, done
        lines = [line.split() for line in done.stdout.splitlines()[1:]]
        assert [line[0] for line in lines] == ["pgbench/" + script for script in (scripts if "--label" in more else scripts[0:3:2])], done.stdout
        assert all(float(line[-1]) > 0 and float(line[2]) <= float(line[3]) for line in lines) and lines[0][4] == "1.00", done.stdout
    stored = c.psql("SELECT name, count(*), min(iterations) > 0, min(environment ->> 'label' COLLATE \"C\") FROM benchmark_results GROUP BY 1 ORDER BY min(id)", db="fresh")
    assert stored == [["pgbench/" + script, "1", "t", "a"] if script not in scripts[0:3:2] else ["pgbench/" + script, "2", "t", ""] for script in scripts], stored
    c.psql("DROP DATABASE fresh")


def random_series(rng):
    """One value, equal ones, ties, spikes, tiny and huge ones, drifting ones."""
    n = rng.choice([1, 2, 3, 5, 6, 7, 12, 30, 100, 301])
    scale = 10.0 ** rng.choice([-300, -9, -3, 0, 6, 300])
    kind = rng.randrange(5)
    if kind == 0:
        return [scale * rng.random()] * n
    if kind == 1:
        return [scale * rng.randrange(1, 4) for _ in range(n)]
    x = [scale * rng.lognormvariate(0, rng.choice([0.001, 0.05, 1])) for _ in range(n)]
    if kind == 2:
        x[rng.randrange(n)] *= 50
    return sorted(x) if kind == 3 else x


def exact_quantile(ordered, p):
    h = (len(ordered) - 1) * fractions.Fraction(p)
    low = int(h)
    return ordered[low] if low + 1 >= len(ordered) else ordered[low] + (h - low) * (ordered[low + 1] - ordered[low])


def exact_summary(values):
    """What section "Statistics" of docs/benchmarks-reference.md says, in fractions: no rounding until the end."""
    n, x = len(values), sorted(fractions.Fraction(v) for v in values)
    q = {name: exact_quantile(x, p) for name, p in (("q1", "1/4"), ("median", "1/2"), ("q3", "3/4"), ("p95", "19/20"), ("p99", "99/100"))}
    mean, iqr = sum(x) / n, q["q3"] - q["q1"]
    variance = sum((v - mean) ** 2 for v in x) / (n - 1) if n > 1 else fractions.Fraction(0)
    mad = exact_quantile(sorted(abs(v - q["median"]) for v in x), "1/2")
    beyond = [max(q["q1"] - v, v - q["q3"]) for v in x]
    severe = sum(b > 3 * iqr for b in beyond)
    s = dict(q, min=x[0], max=x[-1], mean=mean, iqr=iqr, mad=mad, ops=1 / mean, severe_outliers=severe, n=n,
             mild_outliers=sum(2 * b > 3 * iqr for b in beyond) - severe, variance=variance)
    if n >= 6:
        l, below = -1, 0  # below: the number of the 2^n outcomes with fewer than l heads
        while 1000 * below <= 25 * 2 ** n:
            l += 1
            below += math.comb(n, l)
        s.update(rank_low=l, rank_high=n + 1 - l, median_low=x[l - 1], median_high=x[n - l])
    third = [exact_quantile(sorted(map(fractions.Fraction, part)), "1/2") for part in (values[:n // 3], values[n - n // 3:])] if n >= 6 else [1, 1]
    s["flags"] = [flag for flag, set_ in (("variable", 100 * variance > q["median"] ** 2), ("unstable", fractions.Fraction("1.4826") * mad > q["median"] / 10),
                                          ("drift", 20 * abs(third[1] - third[0]) > third[0]), ("few_rounds", n < 6)) if set_]
    return s


def same(got, wanted, scale):
    return abs(fractions.Fraction(got) - wanted) <= abs(scale) * fractions.Fraction(1, 10 ** 12)


def ask(arguments):
    """benchmark_stats() of each tuple of arrays, in one session."""
    rows = c.psql("".join("SELECT benchmark_stats(%s);" % ", ".join("'{%s}'" % ",".join(map(repr, a)) for a in each) for each in arguments))
    return [json.loads(row[0]) for row in rows]


def test_summaries_beside_exact_arithmetic():
    rng = random.Random(5)
    series = [random_series(rng) for _ in range(SERIES)] + [[0.1] * 3000, [1.7e308, 1e-300], [5e-324] * 6, [1.7e308] * 9]
    for x, got in zip(series, ask([(x,) for x in series])):
        wanted = exact_summary(x)
        close = {"mild_outliers", "severe_outliers", "n", "rank_low", "rank_high", "flags"}
        for key, value in wanted.items():
            if key in close:
                assert got[key] == value, (key, got[key], value, x)
            elif key == "variance":
                assert same(fractions.Fraction(got["stddev"]) ** 2, value, max(value, (wanted["mean"] / 2 ** 50) ** 2)), (got["stddev"], x)
            elif key == "ops":
                assert got[key] is None or same(got[key], value, value), (got[key], x)
            else:
                assert same(got[key], value, wanted["max"]), (key, got[key], float(value), x)
        assert got["min"] <= got["mean"] <= got["max"] and set(got) == set(wanted) - {"variance"} | {"stddev"}, (got, x)


def test_ratios_beside_exact_ranks():
    """The Hodges-Lehmann ratio of pairs: sorted Walsh averages, k by the published formula, everything in Python's own log."""
    rng = random.Random(6)
    pairs = []
    for _ in range(SERIES // 3):
        n = rng.choice([1, 2, 5, 6, 7, 10, 30, 60])
        noise, slower = rng.choice([0, 0.001, 0.02, 0.3]), rng.choice([0.5, 0.9, 0.97, 1, 1.03, 1.07, 1.2, 1e6])
        a = [rng.lognormvariate(-7, noise) for _ in range(n)]
        pairs.append((a, [slower * v * rng.lognormvariate(0, noise) for v in a]))
    for (a, b), got in zip(pairs, ask(pairs)):
        n, d = len(a), [math.log(y / x) for x, y in zip(a, b)]
        walsh = sorted((d[i] + d[j]) / 2 for i in range(n) for j in range(i, n))
        k = max(0, math.floor(n * (n + 1) / 4 - 1.96 * math.sqrt(n * (n + 1) * (2 * n + 1) / 24)))
        size = len(walsh)
        ratio = math.exp((walsh[(size - 1) // 2] + walsh[size // 2]) / 2)
        assert (got["n"], got["walsh"], got["k"]) == (n, size, k) and math.isclose(got["ratio"], ratio, rel_tol=1e-12), got
        verdict = "inconclusive"
        if n >= 6:
            low, high = math.exp(walsh[k]), math.exp(walsh[size - k - 1])
            assert math.isclose(got["ci_low"], low, rel_tol=1e-12) and math.isclose(got["ci_high"], high, rel_tol=1e-12), got
            verdict = ("regression" if low > 1.05 else "improvement" if high < 0.95 else
                       "equivalent" if 0.95 <= low and high <= 1.05 else "inconclusive")
        else:
            assert "ci_low" not in got
        assert got["verdict"] == verdict, (got, a, b)


if __name__ == "__main__":
    harness.main()
