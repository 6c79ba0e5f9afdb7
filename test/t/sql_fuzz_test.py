#!/usr/bin/env python3
"""sql_fuzz_test.py - every C function that a role may call, called with whatever a hostile user could write. The server does not
crash, the session stays usable, and no error is one that nobody thought of (XX000)."""
import glob
import json
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.psql import psql_command, psql_env  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SEED = int(os.environ.get("SPOUT_FUZZ_SEED", "1"))
CALLS = int(os.environ.get("SPOUT_FUZZ_CALLS", "10"))    # of a function by a role, in a round
ROUNDS = int(os.environ.get("SPOUT_FUZZ_ROUNDS", "1"))
ROLES = {"writer": "pg_write_server_files", "reader": "pg_read_server_files", "watcher": "pg_monitor", "nobody": None}
# What nobody was granted is called by a superuser: a mistake there would be one GRANT away.
FUNCTIONS = """SELECT p.oid::regproc::text, array_to_string(ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t), ',')
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE l.lanname = 'c' AND p.probin LIKE '%%pg_spout%%' AND (%s) ORDER BY 1"""
NUMBERS = (0, 1, -1, 2, 3, 7, 100, 0.5, -0.5, 1e-300, 1e300, 2**31 - 1, 2**31, -2**31, 2**32, 2**53, 2**63 - 1, -2**63, 2**64, 10**40)
WORDS = ("", " ", "a", "x" * 300, "é\u2028", "%s%n%1$s", "'; SELECT 1; --", "{out}", "/", "/tmp", "../x", "NaN", "null", "1/1", "64MB", "sql", "encode", "decode",
         "avro", "csv", "json", "xml", "parquet", "worker", "session", "process_time", "console", "markdown", "all", "time", "memory", "core", "db", "quick", "main",
         "start", "end", "step", "pg_class", "pg_catalog.pg_class", "pg_class; SELECT 1", "(SELECT) s", "(SELECT 1 AS a, NULL::record AS r) s", "no_such_table")
QUERIES = ("SELECT 1", "SELECT", "SELECT NULL", "TABLE pg_class", "VALUES (1), (2)", "SELECT * FROM generate_series(1, 1000) i", "SELECT ROW(1, ROW(NULL)) r, '{{1},{2}}'::int[] a",
           "SELECT 1/0", "DELETE FROM pg_class", "SELECT 1; SELECT 2", "COMMIT", "SELECT $1", "SELECT '{out}'", "COPY (SELECT 1) TO '{out}'", "SELECT last_export()", "(((")
TASKS = ({"kind": "encode", "format": "avro", "relation": "pg_class"}, {"kind": "decode", "format": "avro", "relation": "pg_type"}, {"kind": "sql", "run_sql": "SELECT 1"},
         {"kind": "sql", "run_sql": "COPY (SELECT 1) TO '{out}'", "memory": True}, {"run_sql": "SELECT $1", "args": [1]}, {"commit": True, "run_sql": "SELECT 1"},
         {"result": {"name": "x"}}, {"item": {"run_id": 1, "ord": 1}}, {"run": {}, "key": "k", "finish": {}})
QUICK = {"iterations": 1, "warmup_iterations": 0, "min_time": 0, "box": 0.01, "max_time": 1, "budget": 0.001, "autosave": False, "names": "^$"}


def keys():
    """Every key that C looks for in a jsonb, as the source has it; options among them."""
    found = set()
    for path in glob.glob(os.path.join(ROOT, "src", "**", "*.cpp"), recursive=True) + glob.glob(os.path.join(ROOT, "src", "**", "*.def"), recursive=True):
        with open(path) as f:
            found |= set(re.findall(r'(?:json_\w+\([^"()]*|add\w*_option\([^"()]*|\{)"([a-z_]{3,30})"', f.read()))
    assert {"run_sql", "iterations", "compression"} <= found, sorted(found)
    return sorted(found) + ["source", "target", "compression_level", "max_rows_per_file", "sync", "manifest"]


def setup_module():
    global c, fields
    fields = keys()
    c = Cluster(preload=True, conf={"max_worker_processes": "16", "log_min_messages": "log", "restart_after_crash": "off"})
    c.psql("".join("CREATE ROLE %s LOGIN %s;" % (r, "IN ROLE " + of if of else "") for r, of in ROLES.items()) + "GRANT CREATE ON SCHEMA public TO PUBLIC")
    available = {row[0] for row in c.psql("SELECT name FROM pg_available_extensions WHERE name LIKE 'pg_spout%'")}
    for extension in sorted(available):
        c.psql("CREATE EXTENSION " + extension)
    with open(c.out("junk.avro"), "wb") as f:
        f.write(b"Obj\x01\x02\x16avro.schema")
    os.chmod(c.out("junk.avro"), 0o644)


def teardown_module():
    c.remove()


class Words:
    """One stream of hostile values."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.texts = WORDS + QUERIES + tuple(c.out(n) for n in ("a.avro", "b.csv", "c_%s.json", "no/d.xml", "junk.avro", "")) + tuple(fields)

    def text(self):
        if self.random.random() < 0.02:
            return self.random.choice("ab'{[%/") * self.random.choice((1000, 70000, 1100000))
        return self.random.choice(self.texts)

    def json(self, depth=0):
        r = self.random
        shape = r.random()
        if depth < 5 and shape < 0.2:
            return {r.choice(fields): self.json(depth + 1) for _ in range(r.randrange(5))}
        if depth < 5 and shape < 0.35:
            return [self.json(depth + 1) for _ in range(r.choice((0, 1, 2, 3, 70)))]
        return r.choice((None, True, False, r.choice(NUMBERS), r.choice(NUMBERS), self.text(), self.text()))

    def document(self):
        """A JSON value: any, or what some function wants with a field or two changed."""
        r = self.random
        if r.random() < 0.2:
            return self.json()
        value = dict(r.choice(TASKS + ({},)))
        value.update({k: v for k, v in QUICK.items() if r.random() < 0.9})
        for _ in range(r.choice((0, 1, 1, 2, 3))):
            key = r.choice(list(value) + fields)
            value[key] = self.json(1)
        if value and r.random() < 0.3:
            del value[r.choice(list(value))]
        if r.random() < 0.2:
            value["isolation"] = "session"
        if r.random() < 0.1:
            value["other"] = self.document()
        return [value] * r.choice((1, 2)) if r.random() < 0.1 else value

    def element(self, kind):
        r = self.random
        if r.random() < 0.15:
            return None
        if kind in ("bigint", "integer", "oid", "regclass"):
            size = 63 if kind == "bigint" else 31
            return str(max(-2**size if kind[0] != "o" else 0, min(2**size - 1, int(r.choice(NUMBERS)))))
        if kind == "double precision":
            return str(r.choice(NUMBERS + ("NaN", "Infinity", "-Infinity")))
        if kind == "boolean":
            return r.choice(("t", "f"))
        if kind in ("jsonb", "json"):
            return json.dumps(self.document())
        return self.text()

    def array(self, kind):
        """As text: empty, flat, of two dimensions, with another lower bound, long."""
        r = self.random

        def row(n):
            values = [self.element(kind) for _ in range(n)]
            return "{%s}" % ",".join("NULL" if v is None else '"%s"' % re.sub(r'(["\\])', r"\\\1", v) for v in values)
        shape = r.random()
        if shape < 0.1:
            return "{}"
        if shape < 0.25:
            return "{%s,%s}" % (row(2), row(2))
        if shape < 0.4:
            return "[-3:-1]=" + row(3)
        return row(r.choice((1, 2, 6, 7, 3000)))

    def argument(self, kind):
        if self.random.random() < 0.1:
            return "NULL::" + kind
        value = self.array(kind[:-2]) if kind.endswith("[]") else self.element(kind)
        return "NULL::" + kind if value is None else "%s::%s" % (literal(value), kind)


def literal(value):
    return "E'%s'" % value.replace("\\", "\\\\").replace("'", "''")


def spoilt_tasks():
    """Each task whole, without each of its fields, and with a value of each other type in it."""
    for task in TASKS:
        for key in task:
            yield {**QUICK, **{k: v for k, v in task.items() if k != key}}
            for value in (True, 1e300, "x", [], {"x": {}}):
                yield {**QUICK, **task, key: value}
        yield from ({**QUICK, **task, "isolation": "session", "memory": True}, {**QUICK, **task, "other": task}, [{**QUICK, **task}] * 2, [task, 1], [[task]])


def attack(role, functions, seed):
    words = Words(seed)
    script = ["SET statement_timeout = '150ms'; SET client_min_messages = error; SET lock_timeout = '200ms';\n\\set ECHO errors"]
    for name, kinds in functions:
        for _ in range(CALLS if kinds else 3):
            script.append("SELECT count(*) FROM %s(%s);" % (name, ", ".join(words.argument(k) for k in kinds.split(",") if k)))
        if kinds == "jsonb":
            script += ["SELECT count(*) FROM %s(%s);" % (name, literal(json.dumps(t))) for t in spoilt_tasks()]
    script.append("RESET ALL;\nSELECT 'still here';")
    done = subprocess.run(psql_command(c.bindir) + ["-f", "-"], input="\n".join(script).encode(), capture_output=True, env=psql_env(c.connection(role)), timeout=600)
    errors = done.stderr.decode(errors="replace")
    log = c.log
    crash = log.find("terminated by signal")
    assert crash < 0, (role, seed, log[max(crash - 100, 0):crash + 1000])
    assert done.stdout.decode(errors="replace").endswith("still here\n"), (role, seed, re.sub(r"(.)\1{50,}", r"\1...", errors)[-2000:])
    unthought = re.findall(r"ERROR:  XX\d\d\d: [\s\S]*?(?=\npsql:|\Z)", errors)
    assert not unthought, (role, seed, [u[:1500] for u in unthought[:3]])
    return len(script), errors.count("ERROR:  ")


def test_no_call_of_a_c_function_harms_the_server():
    may = " OR ".join("has_function_privilege('%s', p.oid, 'EXECUTE')" % r for r in ROLES)
    plans = [(role, c.psql(FUNCTIONS % ("has_function_privilege('%s', p.oid, 'EXECUTE')" % role))) for role in ROLES]
    plans.append(("postgres", c.psql(FUNCTIONS % ("NOT (%s)" % may))))
    assert {"export_to_avro", "verify_export", "last_export"} <= {f[0] for _, functions in plans for f in functions}
    for round in range(ROUNDS):
        for i, (role, functions) in enumerate(plans):
            calls, errors = attack(role, functions, SEED * 1000 + round * 10 + i)
            assert not functions or errors > calls / 10, (role, calls, errors)  # else nothing hostile was said
            if ROUNDS == 1:
                print("%s: %d calls, %d errors" % (role, calls, errors))


if __name__ == "__main__":
    harness.main()
