#!/usr/bin/env python3
"""standby_test.py - exports on a hot standby: the same bytes as on the primary, and nothing of it in the WAL."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402

MARKER = "00112233445566778899aabbccddeeff"
primary = standby = None


def setup_module():
    global primary, standby
    primary = Cluster(preload=True, conf={"wal_level": "replica", "hot_standby": "on"})
    primary.psql("CREATE EXTENSION pg_spout;"
                 "CREATE TABLE t AS SELECT n AS id, md5(n::text) AS h, n * 1.5 AS x FROM generate_series(1, 50000) n")
    standby = primary.standby()
    catch_up()
    assert standby.value("SELECT pg_is_in_recovery()") == "t"


def teardown_module():
    for cluster in (standby, primary):
        if cluster:
            cluster.remove()


def catch_up():
    lsn = primary.value("SELECT pg_current_wal_flush_lsn()")
    standby.psql("DO $$ BEGIN FOR i IN 1..600 LOOP EXIT WHEN pg_last_wal_replay_lsn() >= '%s'; PERFORM pg_sleep(0.05); "
                 "END LOOP; END $$" % lsn)
    assert standby.value("SELECT pg_last_wal_replay_lsn() >= '%s'" % lsn) == "t"


def exported(cluster, name, statement):
    path = cluster.out(name)
    cluster.psql(statement % path)
    with open(path, "rb") as f:
        return f.read()


def test_copy_of_a_table_gives_the_primarys_bytes():
    copy = "SET synchronize_seqscans = off; COPY t TO '%%s' WITH (format avro, sync_marker '%s')" % MARKER
    assert exported(standby, "t.avro", copy) == exported(primary, "t.avro", copy)


def test_functions_work():
    rows = standby.psql("SELECT file_index, rows FROM export_to_avro('SELECT * FROM t ORDER BY id', '%s', "
                        "max_rows_per_file => 20000, options => '{\"manifest\": true}')" % standby.out("set.avro"))
    assert rows == [["0", "20000"], ["1", "20000"], ["2", "10000"]], rows
    assert standby.psql("SELECT ok, rows FROM verify_export('%s')" % standby.out("set.avro.manifest.json")) == [
        ["t", "20000"], ["t", "20000"], ["t", "10000"]]
    assert standby.value("SELECT count(*) FROM describe_export('TABLE t')") == "4"
    assert standby.value("SELECT last_export() IS NULL") == "t"


def test_workers_encode():
    path = standby.out("parallel.csv")
    shape = standby.psql("COPY t TO '%s' WITH (format csv, compression 'none', parallel 2); "
                         "SELECT l->>'shape', l->>'workers' FROM last_export() l" % path)
    assert shape == [["files", "2"]], shape
    with open(path) as f:
        assert sorted(int(line.split(",")[0]) for line in f) == list(range(1, 50001))
    standby.psql("COPY t TO '%s' WITH (format avro, parallel 2, max_rows_per_file 20000, manifest)" % standby.out("p.avro"))
    assert standby.psql("SELECT ok, rows FROM verify_export('%s')" % standby.out("p.avro.manifest.json")) == [
        ["t", "20000"], ["t", "20000"], ["t", "10000"]]


def test_what_writes_is_refused_and_leaves_no_file():
    path = standby.out("dml.avro")
    error = standby.error("COPY (DELETE FROM t RETURNING id) TO '%s' WITH (format avro)" % path)
    assert error.sqlstate == "25006", error
    assert not os.path.exists(path)


def test_an_export_writes_no_wal_on_the_primary():
    session = primary.session()
    session.run("BEGIN")
    session.run("COPY t TO '%s' WITH (format avro)" % primary.out("wal.avro"))
    assert session.run("SELECT pg_current_xact_id_if_assigned() IS NULL") == [["t"]]
    session.run("COMMIT")
    # The server's count for this statement alone; what others write meanwhile is not in it.
    counted = session.run("EXPLAIN (ANALYZE, WAL, FORMAT json) SELECT * FROM export_to_avro('TABLE t', '%s')" % primary.out("wal.avro"))
    plan = json.loads("".join(line[0] for line in counted))[0]["Plan"]
    assert (plan["WAL Records"], plan["WAL Bytes"]) == (0, 0), plan


if __name__ == "__main__":
    harness.main()
