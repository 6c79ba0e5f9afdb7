#!/usr/bin/env python3
"""bench_rights_test.py - a role that may run benchmarks cannot make somebody else's run execute its code."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402

QUICK = """config => '{"iterations": 6, "min_time": 0.001, "budget": 5}'"""
# Runs as whoever reads what it stands in; says so where a ROLLBACK does not reach.
TRAP = """CREATE FUNCTION evil.trap() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RAISE LOG 'trap sprung as %', CURRENT_USER;
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = CURRENT_USER) THEN
        ALTER ROLE intruder SUPERUSER;
    END IF;
    RETURN 1;
END $$;"""


def setup_module():
    global c
    c = Cluster(preload=True)
    c.psql("CREATE EXTENSION pg_spout_bench CASCADE; CREATE ROLE intruder LOGIN IN ROLE pg_write_server_files;"
           "GRANT CREATE ON DATABASE postgres TO intruder")
    c.psql("CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC;" + TRAP, user="intruder")


def teardown_module():
    c.remove()


def nothing_happened():
    assert "trap sprung" not in c.log
    assert c.value("SELECT rolsuper FROM pg_roles WHERE rolname = 'intruder'") == "f"


def refused(statements):
    for statement in statements:
        error = c.error(statement, user="intruder")
        assert error.sqlstate == "42501", (statement, error)


def wait_until(ready, seconds=20):
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nobody_may_create_where_data_sets_lie():
    others = c.psql("SELECT r.rolname FROM pg_roles r WHERE NOT r.rolsuper AND has_schema_privilege(r.oid, 'spout_bench', 'CREATE')")
    assert others == [], others
    refused(["CREATE VIEW spout_bench.records_r7_c5_s1_v1 AS SELECT evil.trap() AS id", "CREATE TABLE spout_bench.t (a int)",
             "CREATE FUNCTION spout_bench.stats(text) RETURNS int LANGUAGE sql RETURN 1", "CREATE TYPE spout_bench.t AS (a int)",
             "CREATE OPERATOR spout_bench.+ (LEFTARG = jsonb, FUNCTION = pg_catalog.jsonb_array_length)",
             "CREATE MATERIALIZED VIEW spout_bench.records_r7_c5_s1_v1 AS SELECT evil.trap() AS id"])


def test_data_sets_belong_to_the_extension_whoever_asks_for_them():
    assert c.psql("SELECT benchmark_data(rows => 200)", user="intruder") == [["spout_bench.records_r200_c5_s1_v1"]]
    assert c.psql("SELECT benchmark_data(rows => 200)") == [["spout_bench.records_r200_c5_s1_v1"]]
    owner, member = c.psql("SELECT r.relowner = e.extowner, d.refobjid = e.oid FROM pg_class r, pg_extension e, pg_depend d WHERE e.extname = 'pg_spout_bench'"
                           " AND r.oid = 'spout_bench.records_r200_c5_s1_v1'::regclass AND d.objid = r.oid AND d.deptype = 'e'")[0]
    assert (owner, member) == ("t", "t")
    # Everything that makes a reader run code: a definition, a rule, a trigger, a policy, an index' expression, statistics, another owner.
    data = "spout_bench.records_r200_c5_s1_v1"
    refused([s % data for s in (
        "DROP MATERIALIZED VIEW %s", "ALTER MATERIALIZED VIEW %s RENAME TO gone", "ALTER MATERIALIZED VIEW %s SET SCHEMA evil",
        "ALTER MATERIALIZED VIEW %s OWNER TO intruder", "REFRESH MATERIALIZED VIEW %s", "ALTER MATERIALIZED VIEW %s SET WITHOUT CLUSTER",
        "CREATE INDEX ON %s ((id + evil.trap()))", "CREATE STATISTICS evil.s ON (id + evil.trap()), name FROM %s", "COMMENT ON MATERIALIZED VIEW %s IS 'x'")])
    for s in (
        'CREATE RULE "_RETURN" AS ON SELECT TO %s DO INSTEAD SELECT evil.trap()', "CREATE TRIGGER t BEFORE INSERT ON %s EXECUTE FUNCTION evil.trap()",
        "CREATE POLICY p ON %s USING (evil.trap() = 1)", "ALTER TABLE %s ENABLE ROW LEVEL SECURITY"):
        assert c.error(s % data, user="intruder").sqlstate in ("0A000", "42501", "42809"), s
    # Its settings do not reach the statements that make one.
    c.psql("SET search_path = evil; SET standard_conforming_strings = off; SET row_security = off; SELECT public.benchmark_data('mixed', 30, 24)", user="intruder")
    mine = c.value("SELECT md5(string_agg(m::text, ',')) FROM spout_bench.mixed_r30_c24_s1_v1 m")
    c.psql("SELECT benchmark_data('mixed', 0)", user="intruder")
    assert c.value("SELECT count(*) FROM pg_class WHERE relnamespace = 'spout_bench'::regnamespace AND relname ~ 'mixed'") == "0"
    c.psql("SELECT benchmark_data('mixed', 30, 24)")
    assert c.value("SELECT md5(string_agg(m::text, ',')) FROM spout_bench.mixed_r30_c24_s1_v1 m") == mine
    nothing_happened()


def test_what_has_the_name_of_a_data_set_is_not_read():
    """Only the extension's owner can put it there; still it is told, and not run."""
    c.psql("CREATE VIEW spout_bench.records_r300_c5_s1_v1 AS SELECT evil.trap() AS id; CREATE TABLE spout_bench.int4_r3_c1_s1_v1 (c1 int);"
           "CREATE MATERIALIZED VIEW spout_bench.int8_r3_c1_s1_v1 AS SELECT 1::int8 AS c1")
    for call in ("'records', 300", "'int4', 3, 1", "'int8', 3, 1"):  # a view, a table, no member of the extension
        error = c.error("SELECT benchmark_data(%s)" % call)
        assert error.sqlstate == "42809" and error.message.endswith(" is not a data set"), error
    report = json.loads(c.value("SELECT * FROM run_benchmarks('time', names => '^db/csv/export/300$', output_format => 'json',"
                                """ config => '{"iterations": 6, "budget": 5, "small_dataset_size": 300}')"""))
    assert [s["message"] for s in report["skipped"]] == ["spout_bench.records_r300_c5_s1_v1 is not a data set"], report
    c.psql("DROP VIEW spout_bench.records_r300_c5_s1_v1; DROP TABLE spout_bench.int4_r3_c1_s1_v1; DROP MATERIALIZED VIEW spout_bench.int8_r3_c1_s1_v1")
    nothing_happened()


VIEW = "CREATE VIEW evil.t AS SELECT evil.trap() AS a; GRANT SELECT ON evil.t TO PUBLIC;"
SWAPS = {
    "renamed, a view in its place": "ALTER TABLE evil.t RENAME TO old;" + VIEW,
    "dropped, a view in its place": "DROP TABLE evil.t;" + VIEW,
    "its schema renamed": "ALTER SCHEMA evil RENAME TO moved; CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC;"
                          + VIEW.replace("evil.trap", "moved.trap"),
    "another owner": "ALTER TABLE evil.t OWNER TO pg_write_server_files;",
    "a materialized view in its place": "DROP TABLE evil.t; CREATE MATERIALIZED VIEW evil.t AS SELECT 1 AS a;",
}


def test_a_relation_that_is_swapped_meanwhile_is_not_read():
    """The process that measures waits for the lock; by the time it has it, the name means something else."""
    swaps = dict(SWAPS)
    if c.version < 160000:  # the last release where a table can become a view
        swaps["turned into a view"] = 'CREATE RULE "_RETURN" AS ON SELECT TO evil.t DO INSTEAD SELECT evil.trap() AS a;'
    c.psql("GRANT pg_write_server_files TO intruder; GRANT CREATE ON SCHEMA evil TO pg_write_server_files")
    for how, swap in swaps.items():
        c.psql("CREATE TABLE evil.t (a int); GRANT SELECT ON evil.t TO PUBLIC", user="intruder")
        if how != "turned into a view":
            c.psql("INSERT INTO evil.t VALUES (1)", user="intruder")
        intruder, victim = c.session(user="intruder"), c.session()
        intruder.run("BEGIN; LOCK TABLE evil.t")
        oid = c.value("SELECT oid FROM pg_class WHERE oid = 'evil.t'::regclass")
        victim.send("SELECT export_benchmark(relation => %s::oid::regclass, formats => '{csv}')" % oid)
        waiting = "SELECT count(*) FROM pg_locks WHERE relation = %s AND NOT granted" % oid
        wait_until(lambda: c.value(waiting) != "0")
        intruder.run(swap + "COMMIT")
        result = json.loads(victim.result().rows[-1][0])["results"][0]
        assert result.get("error") == "the relation that is to be measured has changed", (how, result)
        nothing_happened()
        intruder.close(), victim.close()
        c.psql("DROP SCHEMA IF EXISTS moved CASCADE; DROP SCHEMA evil CASCADE")
        c.psql("CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC; GRANT CREATE ON SCHEMA evil TO pg_write_server_files;" + TRAP, user="intruder")
    # Without a swap it is read, a view as well: who names a view runs it.
    c.psql("CREATE TABLE evil.t AS SELECT n AS a FROM generate_series(1, 3) n; GRANT SELECT ON evil.t TO PUBLIC;"
           "CREATE VIEW evil.v AS SELECT a FROM evil.t; GRANT SELECT ON evil.v TO PUBLIC", user="intruder")
    for relation in ("evil.t", "evil.v"):
        made = json.loads(c.value("SELECT export_benchmark(relation => '%s', formats => '{csv}')" % relation))
        assert made["datasetRowCount"] == 3 and made["results"][0]["fileSizeBytes"] > 0, made
    nothing_happened()


def test_the_tables_take_nothing_from_others():
    tables = ("benchmark_results", "memory_profile_results", "benchmark_runs", "benchmark_items", "benchmark_definitions")
    refused(s % t for t in tables for s in (
        "CREATE TRIGGER t BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION evil.trap()", "CREATE RULE r AS ON INSERT TO %s DO ALSO SELECT evil.trap()",
        "CREATE POLICY p ON %s USING (true)", "ALTER TABLE %s ADD COLUMN x int DEFAULT evil.trap()", "CREATE INDEX ON %s ((evil.trap()))",
        "ALTER TABLE %s RENAME TO gone", "DROP TABLE %s", "TRUNCATE %s"))
    refused(s % t for t in tables[:4] for s in ("INSERT INTO %s DEFAULT VALUES", "DELETE FROM %s"))


def test_definitions_of_others_are_not_run():
    c.psql("SELECT register_benchmark('theirs', 'SELECT evil.trap()')", user="intruder")
    assert "theirs" not in [r[0] for r in c.psql("SELECT name FROM list_benchmarks()")]
    report = json.loads(c.value("SELECT * FROM run_benchmarks(names => 'theirs', output_format => 'json', %s)" % QUICK))
    assert report["results"] == report["failed"] == report["skipped"] == [], report
    assert c.error("SELECT profile_memory('theirs')").sqlstate == "42601"
    assert c.psql("SELECT unregister_benchmark('theirs')") == [["f"]] and c.psql("SELECT unregister_benchmark('theirs')", user="intruder") == [["t"]]
    nothing_happened()


if __name__ == "__main__":
    harness.main()
