#!/usr/bin/env python3
"""hook_test.py - the utility hook: in whoever's company, loaded however, it changes nothing that is not its own."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402

DATA = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id int PRIMARY KEY, b text, m mood, n numeric, ts timestamptz, j jsonb, a int[],
    g int GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO t SELECT n, 'row, "' || n || E'"\\n', CASE WHEN n % 2 = 0 THEN 'ok'::mood END, n / 3.0,
    timestamptz '2024-01-01' + n * interval '1 h', jsonb_build_object('k', n), ARRAY[n, NULL] FROM generate_series(1, 1000) n;
CREATE TABLE parent (a int); CREATE TABLE child () INHERITS (parent); INSERT INTO child VALUES (1);
"""
CORE = ["COPY t TO '%s' (FORMAT csv, HEADER, FORCE_QUOTE (b))", "COPY t TO '%s'", "COPY t TO '%s' (FORMAT binary)",
        "COPY (SELECT * FROM t ORDER BY 1) TO '%s' CSV", "COPY parent TO '%s'", "COPY t TO PROGRAM 'cat > %s'",
        "COPY t (n, id) TO '%s' WITH (FORMAT 'text', DELIMITER '|', NULL 'none', ENCODING 'LATIN1')"]
c = None


def setup_module():
    global c
    c = Cluster()
    c.psql(DATA)


def teardown_module():
    c.remove()


def preload(value):
    c.configure(shared_preload_libraries=value)
    c.restart()


def outputs():
    """What core's COPY and pg_dump make of the data."""
    files = []
    for i, statement in enumerate(CORE):
        path = c.out("core_%d" % i)
        c.psql(statement % path)
        with open(path, "rb") as f:
            files.append(f.read())
    dump = subprocess.run([os.path.join(c.bindir, "pg_dump")], env=dict(os.environ, **c.connection()),
                          stdout=subprocess.PIPE, check=True).stdout
    # Newer minor releases fence the dump with a random word.
    files.append(re.sub(rb"\\(un)?restrict .*\n", b"", dump))
    return files


def tag(statement):
    done = subprocess.run([os.path.join(c.bindir, "psql"), "-X", "-c", statement], text=True, check=True,
                          env=dict(os.environ, **c.connection()), stdout=subprocess.PIPE)
    return done.stdout.strip()


def test_core_formats_and_pg_dump_are_the_same_with_and_without_the_library():
    preload("")
    c.psql("DROP EXTENSION IF EXISTS pg_spout")
    without = outputs()
    preload("pg_spout")
    assert outputs() == without, "preloaded, no extension"
    c.psql("CREATE EXTENSION pg_spout")
    with_extension = outputs()
    assert with_extension[:-1] == without[:-1]
    # The dump creates the extension, and nothing else of it but the rows of its own tables.
    added = set(with_extension[-1].split(b"\n")) - set(without[-1].split(b"\n"))
    ours = re.compile(rb"pg_spout|Name: EXTENSION|^COPY public\.(benchmark|memory_profile)_|^-- (Data for )?Name: (benchmark|memory_profile)_"
                      rb"|^SELECT pg_catalog\.setval\('public\.(benchmark|memory_profile)_|^\\\.$")
    assert added and all(ours.search(line) for line in added), added


def test_preloaded_but_not_created_says_what_to_do():
    preload("pg_spout")
    c.psql("DROP EXTENSION IF EXISTS pg_spout")
    path = c.out("none.avro")
    error = c.error("COPY t TO '%s' WITH (format avro)" % path)
    assert error.sqlstate == "42704" and "CREATE EXTENSION pg_spout" in error.hint, error
    assert not os.path.exists(path)
    c.psql("CREATE EXTENSION pg_spout; COPY t TO '%s' WITH (format avro)" % path)
    # Gone in the middle of a session: the hook is inert again.
    session = c.session()
    session.run("COPY t TO '%s' WITH (format avro)" % path)
    session.run("DROP EXTENSION pg_spout")
    assert session.error("COPY t TO '%s' WITH (format avro)" % path).sqlstate == "42704"
    session.run("CREATE EXTENSION pg_spout")
    session.run("COPY t TO '%s' WITH (format avro)" % path)
    session.close()


def test_not_preloaded_works_from_the_first_call():
    preload("")
    c.psql("CREATE EXTENSION IF NOT EXISTS pg_spout")
    path = c.out("late.avro")
    session = c.session()
    error = session.error("COPY t TO '%s' WITH (format avro)" % path)
    assert error.message == 'COPY format "avro" not recognized', error
    assert session.run("SELECT rows FROM export_to_avro('TABLE t', '%s')" % path) == [["1000"]]
    session.run("COPY t TO '%s' WITH (format avro)" % path)
    session.close()
    # A session that preloads it by itself.
    c.psql("ALTER DATABASE postgres SET session_preload_libraries = 'pg_spout'")
    try:
        c.psql("COPY t TO '%s' WITH (format avro)" % path)
    finally:
        c.psql("ALTER DATABASE postgres RESET session_preload_libraries")


def said(script, **options):
    """What psql says beside the rows."""
    env = dict(os.environ, **c.connection(), **options)
    done = subprocess.run([os.path.join(c.bindir, "psql"), "-X", "-q", "-f", "-"], input=script, text=True, capture_output=True, env=env)
    return done.stderr


def test_who_creates_the_extension_is_told_how_new_sessions_load_it():
    preload("")
    drop, create = "DROP EXTENSION IF EXISTS pg_spout CASCADE;\n", "CREATE EXTENSION pg_spout;\n"
    c.psql(drop)
    hint = "HINT:  ALTER DATABASE postgres SET session_preload_libraries = %s; then connect again."
    once = said(create)
    assert once.count("NOTICE:") == 1 and hint % "'pg_spout'" in once, once
    # The library is loaded by now, or not; at the end of a transaction; not for what is undone, dropped or there already.
    assert said("LOAD 'pg_spout';" + drop + create).count(hint % "'pg_spout'") == 1
    assert said(drop + create + drop + create).count(hint % "'pg_spout'") == 2
    in_block = said(drop + "BEGIN;" + create + "\\warn made\nCOMMIT;\n")
    assert in_block.index("made") < in_block.index("HINT"), in_block
    for script in ("BEGIN;" + create + "ROLLBACK;", "BEGIN;" + create + drop + "COMMIT;", create + "CREATE EXTENSION IF NOT EXISTS pg_spout;"):
        told = said(drop + script)
        assert told.count("HINT") == script.count("NOT EXISTS"), (script, told)
    assert said("SET client_min_messages = warning;" + drop + create) == ""
    # What follows from doing as told: silence, and COPY in a second session.
    c.psql("ALTER DATABASE postgres SET session_preload_libraries = 'pg_spout'")
    try:
        assert "session_preload" not in said(drop + create)
        c.psql("COPY t TO '%s' WITH (format avro)" % c.out("second.avro"))
        # Other libraries stay in the list.
        c.psql("ALTER DATABASE postgres SET session_preload_libraries = 'auto_explain'")
        assert hint % "auto_explain, pg_spout" in said(drop + create)
        c.psql("ALTER DATABASE postgres SET session_preload_libraries = auto_explain, pg_spout")
        c.psql("COPY t TO '%s' WITH (format avro)" % c.out("second.avro"))
    finally:
        c.psql("ALTER DATABASE postgres RESET session_preload_libraries")
    preload("pg_spout")
    assert "session_preload" not in said(drop + create)


def test_command_tag():
    preload("pg_spout")
    c.psql("CREATE EXTENSION IF NOT EXISTS pg_spout")
    path = c.out("tag.avro")
    assert tag("COPY t TO '%s' WITH (format avro)" % path) == "COPY 1000"
    assert tag("COPY (SELECT 1 WHERE false) TO '%s' WITH (format avro)" % path) == "COPY 0"
    assert tag("COPY (DELETE FROM child RETURNING a) TO '%s' WITH (format avro)" % path) == "COPY 1"
    c.psql("INSERT INTO child VALUES (1)")


def test_a_failed_transaction_can_still_be_ended():
    preload("pg_spout")
    c.psql("CREATE EXTENSION IF NOT EXISTS pg_spout")
    session = c.session()
    session.run("BEGIN")
    assert session.error("COPY (SELECT 1 / 0) TO '%s' WITH (format avro)" % c.out("aborted.avro")).sqlstate == "22012"
    assert session.error("COPY t TO '%s' WITH (format avro)" % c.out("aborted.avro")).sqlstate == "25P02"
    session.run("ROLLBACK")
    session.run("BEGIN; SAVEPOINT s")
    session.error("COPY (SELECT 1 / 0) TO '%s' WITH (format avro)" % c.out("aborted.avro"))
    session.run("ROLLBACK TO s; COPY t TO '%s' WITH (format avro); COMMIT" % c.out("savepoint.avro"))
    session.close()
    assert not os.path.exists(c.out("aborted.avro")) and os.path.exists(c.out("savepoint.avro"))


def statements():
    """(query, calls, rows) of what pg_stat_statements saw of COPY."""
    return c.psql("SELECT query, calls, rows FROM pg_stat_statements WHERE query LIKE '%COPY%' "
                  "AND query NOT LIKE '%pg_stat_statements%' ORDER BY 1")


def test_pg_stat_statements_and_auto_explain_in_both_orders():
    harness.require(c.value("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_stat_statements'") == "1",
                    "no contrib modules")
    for libraries in ("pg_spout, auto_explain, pg_stat_statements", "pg_stat_statements, auto_explain, pg_spout"):
        preload(libraries)
        c.psql("CREATE EXTENSION IF NOT EXISTS pg_spout; CREATE EXTENSION IF NOT EXISTS pg_stat_statements;"
               "SELECT pg_stat_statements_reset()")
        path = c.out("company.avro")
        log = len(c.log)
        copy = "COPY t TO '%s' WITH (format avro);" % path
        c.psql("SET auto_explain.log_min_duration = 0;" + copy + copy)
        c.psql("COPY t (id) TO '%s' (FORMAT csv)" % c.out("company.csv"))
        seen = statements()
        core = [s for s in seen if "csv" in s[0]]
        assert [s[1:] for s in core] == [["1", "1000"]], seen
        if libraries.startswith("pg_spout"):
            # The last one loaded is the outermost: it sees the COPY, whole, and its rows.
            ours = [s for s in seen if "avro" in s[0]]
            assert sum(int(s[1]) for s in ours) == 2 and sum(int(s[2]) for s in ours) == 2000, seen
            assert all(s[0].startswith("COPY t TO") for s in ours), seen
        assert "Seq Scan on t" in c.log[log:], c.log[log:]
    preload("pg_spout")
    c.psql("DROP EXTENSION pg_stat_statements")


def test_the_log_is_clean():
    for word in ("PANIC", "terminated by signal", "not closed at end-of-transaction", "snapshot reference leak",
                 "resource was not closed", "WARNING:"):
        assert word not in c.log, c.log[-4000:]


if __name__ == "__main__":
    harness.main()
