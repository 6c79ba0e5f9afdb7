"""neighbours_test.py - what PostgreSQL itself does with a database that has the extension: dump and restore, pg_upgrade,
logical replication, a standby that is promoted. Nothing of ours stands in the way, and exports go on where it ends.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.promise import wait_for  # noqa: E402

# What users build on the extension, in all the ways that leave something in the catalogs.
SHOP = """
    CREATE ROLE exporter;
    CREATE DATABASE shop;
    \\c shop
    CREATE SCHEMA tools;
    CREATE EXTENSION pg_spout SCHEMA tools;
    ALTER DATABASE shop SET session_preload_libraries = 'pg_spout';
    ALTER DATABASE shop SET pg_spout.parallel_workers = 1;
    CREATE TABLE orders AS SELECT i AS id, i * 1.25 AS amount, 'customer ' || i % 7 AS customer, ARRAY[i, NULL] AS tags FROM generate_series(1, 500) i;
    GRANT USAGE ON SCHEMA tools TO exporter;
    GRANT EXECUTE ON FUNCTION tools.describe_export TO exporter;
    REVOKE EXECUTE ON FUNCTION tools.export_to_xml FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION tools.export_to_csv TO exporter WITH GRANT OPTION;
    CREATE VIEW columns AS SELECT source_name, target_type FROM tools.describe_export('SELECT * FROM public.orders') WHERE ordinal > 0;
    CREATE FUNCTION nightly(path text) RETURNS SETOF bigint LANGUAGE sql
        BEGIN ATOMIC SELECT e.rows FROM tools.export_to_avro('SELECT * FROM public.orders', path) AS e; END;
    CREATE PROCEDURE copied(path text) LANGUAGE plpgsql AS $$ BEGIN
        EXECUTE format('COPY public.orders TO %L WITH (FORMAT avro, COMPRESSION ''null'', PARALLEL off, SYNC_MARKER %L)', path, repeat('ab', 16)); END $$;
"""
RIGHTS = """SELECT p.oid::regprocedure, array_to_string(ARRAY(SELECT a::text FROM unnest(p.proacl) a ORDER BY 1), ' ') FROM pg_proc p
    JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' ORDER BY p.oid::regprocedure::text"""
MEMBERS = """SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend WHERE deptype = 'e'
    AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_spout') ORDER BY 1"""


# The benchmarks, which do leave tables.
MEASURED = """CREATE DATABASE measured;
    \\c measured
    CREATE EXTENSION pg_spout_bench CASCADE;
    SELECT benchmark_data(rows => 50), record_benchmark('x', '{1,2}'), register_benchmark('mine', 'SELECT 1')"""
KEPT = MEMBERS.replace("'pg_spout'", "'pg_spout_bench'") + """;
    SELECT r FROM benchmark_results r; SELECT d FROM benchmark_definitions d; SELECT md5(string_agg(r::text, ',')) FROM spout_bench.records_r50_c5_s1_v1 r;
    SELECT c.oid::regclass, array_to_string(ARRAY(SELECT a::text FROM unnest(c.relacl) a ORDER BY 1), ' ') FROM pg_class c
    WHERE c.relkind IN ('r', 'v', 'm', 'S') AND c.relname ~ 'benchmark|memory|^own|^results'
    ORDER BY c.oid::regclass::text"""


def program(c, name, *args, **kwargs):
    """Runs one of the server's client programs as its account."""
    return c.run_as_server(os.path.join(c.bindir, name), *args, env=dict(os.environ, LC_ALL="C.UTF-8", **c.connection(**kwargs)))


def dump(c, *args, db="shop"):
    return program(c, "pg_dump", *args, db=db)


def exported(c, name, db="shop"):
    """The bytes of the table as the procedure exports it; what the function and the view say is checked on the way."""
    path = c.out(name)
    assert c.psql("SELECT * FROM nightly('%s')" % c.out(name + ".nightly"), db=db) == [["500"]]
    c.psql("CALL copied('%s')" % path, db=db)
    assert c.psql("SELECT ok, rows FROM tools.verify_export('%s')" % path, db=db) == [["t", "500"]]
    assert c.psql("SELECT source_name FROM columns", db=db) == [["id"], ["amount"], ["customer"], ["tags"]]
    with open(path, "rb") as f:
        return f.read()


def catalogs(c, db="shop"):
    return [c.psql(sql, db=db) for sql in (RIGHTS, MEMBERS, "SELECT extname, extversion, extnamespace::regnamespace FROM pg_extension ORDER BY 1",
                                           "SELECT unnest(setconfig) FROM pg_db_role_setting ORDER BY 1")]


def test_dump_and_restore():
    """Everything comes back, rights included; and pg_dump sees the same whether the library is loaded in its session or not."""
    with Cluster() as old, Cluster() as new:
        old.psql(SHOP)
        whole = dump(old, "--create")
        assert "CREATE EXTENSION IF NOT EXISTS pg_spout WITH SCHEMA tools" in whole and "FUNCTION tools.export_to_avro(" not in whole, whole
        new.psql("CREATE ROLE exporter")
        new.run_as_server(os.path.join(new.bindir, "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-",
                          env=dict(os.environ, **new.connection()), input=whole)
        assert catalogs(new) == catalogs(old)
        assert exported(new, "new.avro") == exported(old, "old.avro")
        loaded = without_keys(dump(old))
        old.psql("ALTER DATABASE shop RESET session_preload_libraries")
        assert without_keys(dump(new)) == loaded == without_keys(dump(old)) and "pg_spout" in loaded
        # In parallel and in pg_dump's own format, into another database of the cluster.
        archive = os.path.join(old.base, "archive")
        dump(old, "-Fd", "-j", "3", "-f", archive)
        old.psql("CREATE DATABASE again; ALTER DATABASE again SET session_preload_libraries = 'pg_spout'")
        program(old, "pg_restore", "-j", "3", "-d", "again", archive)
        assert exported(old, "again.avro", db="again") == exported(new, "new.avro")
        assert catalogs(old, "again")[:3] == catalogs(old)[:3]


def without_keys(text):
    """A dump but for the random words that newer servers guard it with."""
    return "\n".join(line for line in text.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))


def test_pg_upgrade():
    """To another cluster of the same major, which takes the same road as to the next one."""
    with Cluster(preload=True) as old, Cluster(preload=True, start=False) as new:
        old.psql(SHOP)
        old.psql(MEASURED)
        before = catalogs(old), exported(old, "old.avro"), old.psql(KEPT, db="measured")
        old.stop()
        arguments = ["-b", old.bindir, "-B", old.bindir, "-d", old.data, "-D", new.data, "-U", "postgres", "-s", new.sockets]
        assert "Clusters are compatible" in new.run_as_server(os.path.join(new.bindir, "pg_upgrade"), "--check", *arguments)
        new.run_as_server(os.path.join(new.bindir, "pg_upgrade"), *arguments)
        new.start()
        after = catalogs(new), exported(new, "new.avro"), new.psql(KEPT, db="measured")
        assert after == before, [pair for pair in zip(after[0] + after[2], before[0] + before[2]) if pair[0] != pair[1]]
        # The data set is still the extension's own, and numbers go on.
        assert new.psql("SELECT benchmark_data(rows => 50); SELECT id FROM record_benchmark('x', '{1}')", db="measured") == [
            ["spout_bench.records_r50_c5_s1_v1"], ["2"]]
        new.psql("DROP EXTENSION pg_spout_bench", db="measured")
        assert new.psql("SELECT 1 FROM pg_event_trigger", db="measured") == [] and "benchmark" not in dump(new, db="measured")
        # A second round: what was upgraded can be dumped and dropped as if it had been created here.
        assert "CREATE EXTENSION IF NOT EXISTS pg_spout WITH SCHEMA tools" in dump(new)
        new.psql("DROP EXTENSION pg_spout CASCADE", db="shop")
        assert "pg_spout" not in dump(new).replace("pg_spout.parallel_workers", "")


def test_logical_replication():
    """FOR ALL TABLES holds nothing of ours; what is written while it is exported arrives; both sides export the same rows."""
    with Cluster({"wal_level": "logical"}, preload=True) as one, Cluster(preload=True) as two:
        for c in (one, two):
            c.psql("CREATE EXTENSION pg_spout; CREATE TABLE orders (id int PRIMARY KEY, v text)")
        one.psql("INSERT INTO orders SELECT i, md5(i::text) FROM generate_series(1, 2000) i; CREATE PUBLICATION everything FOR ALL TABLES")
        assert one.psql("SELECT schemaname, tablename FROM pg_publication_tables") == [["public", "orders"]]
        two.psql("CREATE SUBSCRIPTION s CONNECTION 'host=%s user=postgres' PUBLICATION everything" % one.sockets)
        wait_for(lambda: two.value("SELECT count(*) FROM orders") == "2000", "the first copy", 30)
        # COPY with a data change, and a change beside an export in one transaction that is prepared to fail.
        one.psql("COPY (INSERT INTO orders SELECT i, 'new' FROM generate_series(2001, 2100) i RETURNING id) TO '%s' (FORMAT avro)" % one.out("new.avro"))
        one.psql("BEGIN; UPDATE orders SET v = 'changed' WHERE id <= 10; COPY orders TO '%s' (FORMAT csv, PARALLEL 2); COMMIT;"
                 "BEGIN; DELETE FROM orders; COPY orders TO '%s' (FORMAT csv, PARALLEL off); ROLLBACK" % (one.out("x.csv"), one.out("y.csv")))
        one.psql("INSERT INTO orders VALUES (9999, 'last')")
        wait_for(lambda: two.value("SELECT count(*) FROM orders WHERE id = 9999") == "1", "replication", 30)
        files = []
        for c in (one, two):
            c.psql("COPY (SELECT * FROM orders ORDER BY id) TO '%s' (FORMAT avro, SYNC_MARKER '%s')" % (c.out("o.avro"), "00" * 16))
            with open(c.out("o.avro"), "rb") as f:
                files.append(f.read())
        assert files[0] == files[1] and two.value("SELECT count(*) FROM orders WHERE v IN ('new', 'changed')") == "110"
        assert two.value("SELECT count(*) FROM pg_stat_subscription WHERE pid IS NOT NULL") == "1"
        two.psql("DROP SUBSCRIPTION s")


def test_a_standby_that_is_promoted():
    """The extension is created while the standby follows; an export under way there survives the promotion."""
    with Cluster() as primary:
        standby = primary.standby()
        try:
            primary.psql(SHOP)
            follow = "SELECT pg_last_wal_replay_lsn() >= '%s'" % primary.value("SELECT pg_current_wal_flush_lsn()")
            wait_for(lambda: standby.value(follow) == "t", "the standby", 30)
            assert exported(standby, "standby.avro") == exported(primary, "primary.avro")
            s = standby.session(db="shop")
            s.send("COPY (SELECT o.id, pg_sleep(0.003) FROM orders o) TO '%s' WITH (FORMAT csv, PARALLEL off)" % standby.out("slow.csv"))
            wait_for(lambda: standby.psql("SELECT 1 FROM pg_stat_progress_copy WHERE pid = %d" % s.backend_pid), "the export", 30)
            assert standby.value("SELECT pg_promote()") == "t"
            assert s.result().error is None
            with open(standby.out("slow.csv")) as f:
                assert [line.partition(",")[0] for line in f] == [str(i) for i in range(1, 501)]
            s.close()
            standby.psql("INSERT INTO orders VALUES (501)", db="shop")
            assert standby.psql("SELECT * FROM nightly('%s')" % standby.out("after.avro"), db="shop") == [["501"]]
            standby.psql("ALTER EXTENSION pg_spout UPDATE; DROP EXTENSION pg_spout CASCADE", db="shop")
        finally:
            standby.remove()


if __name__ == "__main__":
    harness.main()
