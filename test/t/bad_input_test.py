"""bad_input_test.py - statements, programs and clients that go wrong, in every format: the error in the right class, in core's
words where core has them, within a second; and nothing left behind, neither a process nor a file.
"""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import formats, harness  # noqa: E402
from lib.limits import prompt  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.promise import assert_clean_log, wait_for  # noqa: E402
from lib.wire import Wire  # noqa: E402

VARIANTS = formats.chosen()
use_variant = formats.use
ENDLESS = "SELECT repeat('x', 1000) AS x FROM (SELECT generate_series(1, 100000000)) s"
SHORT = "SELECT repeat('x', 500) AS x FROM generate_series(1, 20000)"
TIMEOUT = "57014"
c = None


def setup_module():
    global c
    c = Cluster(preload=True, conf={"max_parallel_workers_per_gather": "0"})
    c.psql("""CREATE EXTENSION pg_spout; CREATE ROLE plain LOGIN; CREATE ROLE runner LOGIN; CREATE ROLE writer LOGIN;
        GRANT pg_execute_server_program TO runner; GRANT pg_write_server_files TO writer;
        CREATE TABLE t (id int, txt text, g int GENERATED ALWAYS AS (id * 2) STORED); INSERT INTO t VALUES (1, 'a'), (2, 'b');
        GRANT SELECT ON t TO plain, runner, writer;
        CREATE TABLE dropped (a int, b int); ALTER TABLE dropped DROP COLUMN a; CREATE TABLE secret (a int);
        CREATE VIEW v AS TABLE t; CREATE MATERIALIZED VIEW mv AS TABLE t; CREATE SEQUENCE seq;
        CREATE INDEX t_id ON t (id)""")


def teardown_module():
    c.remove()


def options(codec=None):
    """That make the statement ours in every format."""
    return "(FORMAT '%s', COMPRESSION '%s')" % (formats.current, codec or formats.current.plain)


def processes(word):
    """Command lines of running processes that hold the word."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open("/proc/%s/cmdline" % entry, "rb") as f:
                    line = f.read().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if word in line and "postgres" not in line and entry != str(os.getpid()):
                found.append(line)
    return found


def vanish(word):
    """Waits until no process holds the word; fails if one stays."""
    wait_for(lambda: not processes(word), "the end of " + word, 3)


def nothing_left():
    assert os.listdir(c.outdir) == [], os.listdir(c.outdir)


# --- statements --------------------------------------------------------------------------------------------
STATEMENTS = ["nowhere", "v", "mv", "seq", "t_id", "t (nope)", "t (id, id)", "t (g)", "t (ctid)", "dropped (a)",
              "(SELECT nope FROM t)", "(SELECT 1 / 0)", "(DELETE FROM t)", "(SELECT * FROM nowhere)", "(SELECT 1 INTO x)",
              "(INSERT INTO t VALUES (1))", "(SELECT $1)", "no_schema.t", "pg_toast.pg_toast_2619", "(VALUES (1), ('a'))"]


def said(sql):
    """The error as core's and ours must agree on it; None: newer servers allow some of them."""
    error = c.run(sql).error
    return error and tuple(error)


def test_statements_fail_as_in_core():
    for what in STATEMENTS:
        core = said("COPY %s TO '/dev/null' (FORMAT csv)" % what)
        for target in ("'%s'" % c.out("x"), "'/dev/null'", "STDOUT", "PROGRAM 'cat > /dev/null'"):
            ours = said("COPY %s TO %s %s" % (what, target, options()))
            assert ours == core, (what, target, core, ours)
        if core is None:
            os.remove(c.out("x"))
    assert said("COPY nowhere TO STDOUT " + options())
    nothing_left()


def test_rights_fail_as_in_core():
    for role, what, target in (("plain", "t", "'%s'" % c.out("x")), ("plain", "t", "PROGRAM 'true'"), ("runner", "t", "'%s'" % c.out("x")),
                               ("writer", "t", "PROGRAM 'true'"), ("plain", "secret", "STDOUT"), ("runner", "secret", "PROGRAM 'true'"),
                               ("plain", "(SELECT * FROM secret)", "STDOUT"), ("plain", "nowhere", "'%s'" % c.out("x"))):
        core, ours = (c.error("COPY %s TO %s %s" % (what, target, how), user=role) for how in ("(FORMAT csv)", options()))
        assert core.sqlstate == ours.sqlstate and core.message == ours.message, (role, what, core, ours)
    assert c.error("SELECT * FROM export_to_%s('SELECT 1', '%s')" % (formats.current, c.out("x")), user="plain").sqlstate == "42501"
    c.psql("COPY t TO PROGRAM 'cat > /dev/null' %s" % options(), user="runner")
    nothing_left()


def test_paths_fail_as_in_core():
    for path in ("relative", "./x", "", c.outdir, "/absent/x", "/etc/hostname/x"):
        core, ours = (c.error("COPY t TO '%s' %s" % (path, how)) for how in ("(FORMAT csv)", options()))
        if path.endswith("/x") and path != "./x":  # the directory is what we name
            assert ours.sqlstate in ("58P01", "42809") and os.path.dirname(path) in ours.message, ours
        else:
            assert ours.sqlstate == core.sqlstate, (path, core, ours)
            assert ours.message == core.message or "is a directory" in ours.message, (path, core, ours)
    nothing_left()


# --- programs ----------------------------------------------------------------------------------------------
def program_error(command, query=SHORT, codec=None, timeout=None):
    s = c.session()
    s.run("SET statement_timeout = %d" % (timeout or 0))
    start = time.monotonic()
    error = s.error("COPY (%s) TO PROGRAM '%s' %s" % (query, command.replace("'", "''"), options(codec)))
    seconds = time.monotonic() - start
    assert s.run("SELECT 1") == [["1"]]
    s.close()
    return error, seconds


def test_the_exit_status_decides():
    for command, detail in (("cat > /dev/null; exit 3", "exit code 3"), ("exit 4", "exit code 4"), ("cat > /dev/null; kill -9 $$", "signal 9"),
                            ("/no/such/program", "not found"), ("cat > /dev/null; false", "exit code 1"), ("head -c 10 | false", "exit code 1")):
        for query in (SHORT, "SELECT 1 AS a", "SELECT 1 AS a WHERE false"):
            e, seconds = program_error(command, query)
            assert e.sqlstate == "38000" and "failed" in e.message and detail in e.detail and seconds < prompt(), (command, seconds, e)
    nothing_left()


def test_a_program_that_stops_reading_is_no_success():
    # It says all is well; it closes its input and goes on; a child of its reads and ends.
    for number, command in enumerate(("head -c 100 > /dev/null", "exec 0<&-; exec sleep 98761%d", "head -c 100 > /dev/null; exec 0<&-; sleep 98761%d")):
        for codec in formats.current.codecs[:2]:
            e, seconds = program_error(command.replace("%d", str(number)), ENDLESS, codec)
            assert e.sqlstate == "38000" and seconds < prompt(), (command, codec, seconds, e)
            vanish("98761%d" % number)


def test_cancel_does_not_wait_for_a_program():
    # Does not read; ignores every signal it can; leaves a child of its group that ignores them too.
    for number, command in enumerate(("exec sleep 987650", 'trap "" TERM INT PIPE HUP; sleep 987651',
                                      '(trap "" TERM INT PIPE HUP; sleep 987652) | sleep 987652',
                                      'cat > /dev/null; trap "" TERM; sleep 987653')):
        e, seconds = program_error(command, timeout=500)
        assert e.sqlstate == TIMEOUT, (command, e)
        assert seconds < prompt(1.5), (command, seconds)
        vanish("98765%d" % number)


def test_a_killed_session_takes_its_program_along():
    s = c.session()
    s.send("COPY (SELECT pg_sleep(0.01) FROM generate_series(1, 100000)) TO PROGRAM 'sleep 987660' %s" % options())
    wait_for(lambda: processes("sleep 987660"), "the program", 5)
    start = time.monotonic()
    os.kill(s.backend_pid, signal.SIGTERM)
    assert s.result().error and time.monotonic() - start < prompt()
    vanish("987660")


def test_an_error_in_the_query_ends_the_program():
    e, _ = program_error("sleep 987670", "SELECT 1 / (5000 - i) AS q FROM generate_series(1, 10000) i")
    assert e.sqlstate == "22012"
    vanish("987670")


def test_an_error_caught_in_plpgsql_ends_the_program():
    rows = c.psql("""DO $do$ BEGIN
            COPY (SELECT 1 / (5000 - i) AS q FROM generate_series(1, 10000) i) TO PROGRAM 'sleep 987680' %s;
        EXCEPTION WHEN division_by_zero THEN PERFORM set_config('test.seen', 'yes', false);
        END $do$; SELECT current_setting('test.seen')""" % options())
    assert rows == [["yes"]]
    vanish("987680")


# --- clients -----------------------------------------------------------------------------------------------
def test_a_client_that_leaves_ends_its_backend():
    for codec in formats.current.codecs[:2]:
        w = Wire(c, application_name="leaver")
        w.send("COPY (SELECT md5(i::text) || md5((i + 1)::text) AS x FROM (SELECT generate_series(1, 100000000) AS i) s) TO STDOUT %s" % options(codec))
        w.read_some()
        assert c.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'leaver'") == "1"
        w.close()
        start = time.monotonic()
        wait_for(lambda: c.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'leaver'") == "0", "the end of the backend", 5)
        assert time.monotonic() - start < prompt(), codec
    nothing_left()


def test_a_client_that_does_not_read_can_be_terminated():
    w = Wire(c, application_name="idler")
    w.send("COPY (%s) TO STDOUT %s" % (ENDLESS, options()))
    wait_for(lambda: c.psql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'idler' AND wait_event = 'ClientWrite'"), "a full socket", 10)
    c.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'idler'")
    start = time.monotonic()
    wait_for(lambda: c.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'idler'") == "0", "the end of the backend", 5)
    assert time.monotonic() - start < prompt()
    w.close()


def test_an_error_before_the_first_row_starts_no_stream():
    with Wire(c) as w:
        for sql in ("COPY nowhere TO STDOUT (FORMAT '%s', COMPRESSION '%s')", "COPY t TO STDOUT (FORMAT '%s', COMPRESSION '%s', SYNC off)",
                    "COPY t TO STDOUT (FORMAT '%s', COMPRESSION '%s', COLOUR red)", "COPY t (nope) TO STDOUT (FORMAT '%s', COMPRESSION '%s')"):
            out = w.copy(sql % (formats.current, formats.current.plain))
            assert out.announced is None and out.error, sql
        out = w.copy("COPY (SELECT 1 / (5000 - i) AS a FROM generate_series(1, 10000) i) TO STDOUT %s" % options())
        assert out.announced and out.error == "22012" and not out.done
        assert w.copy("COPY t TO STDOUT %s" % options()).tag == "COPY 2"  # and the connection goes on


def test_zz_log_is_clean():
    assert_clean_log(c, crashes=c.log.count("child process was terminated by signal 9"))  # programs of ours
    assert "server process (PID" not in c.log, c.log[-2000:]


if __name__ == "__main__":
    harness.main()
