#!/usr/bin/env python3
"""parallel_fault_test.py - whatever ends a parallel export, in the session or in a worker: the target is as it was, and no
file, process, descriptor or shared memory is left.

SPOUT_PARALLEL_ROUNDS: cancels at random times (12).
"""
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness, parallel  # noqa: E402
from lib.harness import require  # noqa: E402
from lib.limits import prompt  # noqa: E402
from lib.parallel import ROWS, copy, read, shared_segments, workers  # noqa: E402
from lib.promise import (EIO, ENOSPC, Faults, Target, assert_clean_log, descriptors, fresh_dir, kill9,  # noqa: E402
                         wait_for, wait_recovered)

ROUNDS = int(os.environ.get("SPOUT_PARALLEL_ROUNDS", "12"))
# Each row takes a millisecond: nobody waits for the end.
SLOW = "SELECT id, name, pg_sleep(0.001) IS NULL AS s FROM large"
LARGE = "TABLE large"  # 15 MB
DIES = "SELECT id, name, 1 / (id - %d) AS q FROM t"
SETS = ({}, {"max_rows_per_file": 100}, {"max_bytes_per_file": 20000}, {"max_rows_per_file": 100, "max_bytes_per_file": 9000})
c = faults = work = session = None
crashes = 0


def setup_module():
    global c, faults, work, session
    work = tempfile.TemporaryDirectory(prefix="spout-shim-")
    faults = Faults(work.name)
    c = parallel.parallel_cluster({"restart_after_crash": "on"}, env=faults.env("/out/t"))
    c.psql("CREATE TABLE large AS SELECT t.*, k.name AS k FROM t CROSS JOIN kinds k; ANALYZE large")
    for query in (SLOW, LARGE, DIES % 1):
        why = c.value("SELECT why FROM describe_export('%s', options => '{\"parallel\": 2}') WHERE ordinal = 0" % query)
        assert why.startswith("Gather (2 workers) -> Encode"), why
    session = c.session()
    session.run(copy("TABLE t", "/dev/null", "csv", parallel=2))  # what a first export opens for good


def teardown_module():
    if c:
        c.remove()
    work.cleanup()


def targets(fresh=True):
    """A directory with an old file, an old set and its manifest."""
    d = fresh_dir(c, "t") if fresh else c.out("t")
    few = "SELECT id FROM t WHERE id <= 10"
    session.run(copy(few, d + "/f.avro", parallel="off"))
    session.run(copy(few, d + "/s.avro", parallel="off", max_rows_per_file=4, manifest="on"))
    return [Target(os.path.join(d, name)) for name in sorted(os.listdir(d))]


def opened():
    """Descriptors of the session, but for the server's own files, which come and go."""
    return sorted(name for name in descriptors(session.backend_pid) if not name.startswith(c.data))


class Unharmed:
    """Around what must leave no trace."""

    def __init__(self, ts=None, alive=True):
        self.targets, self.alive = ts if ts is not None else targets(), alive

    def __enter__(self):
        self.descriptors = opened() if self.alive else None
        self.segments = shared_segments(c)
        return self

    def __exit__(self, kind, *_):
        if kind:
            return
        for t in self.targets:
            t.assert_untouched()
        wait_for(lambda: not workers(c), "the end of the workers", 10)
        if self.alive:
            assert session.run("SELECT 1") == [["1"]]
            assert opened() == self.descriptors, set(opened()) ^ set(self.descriptors)
        # Each export has one; the server's own statistics may have grown by another.
        segments = shared_segments(c)
        assert len(segments - self.segments) <= 1 or not self.alive, segments - self.segments


def statements(query, **more):
    """The query into an old file, a new file, and old sets."""
    d = c.out("t")
    yield copy(query, d + "/f.avro", parallel=2, **more)
    yield copy(query, d + "/new.avro", parallel=2, **more)
    for options in SETS[1:]:
        yield copy(query, d + "/s.avro", parallel=2, block_size=1024, manifest="on", **options, **more)


def streams(query):
    yield "COPY (%s) TO PROGRAM 'cat > /dev/null' WITH (FORMAT csv, parallel 2, compression 'none')" % query
    yield "COPY (%s) TO STDOUT WITH (FORMAT csv, parallel 2, compression 'none')" % query
    yield copy(query, "/dev/null", "json", parallel=2)


# --- errors ------------------------------------------------------------------------------------------------------
def test_an_error_in_a_row_wherever_it_is():
    with Unharmed():
        for row in (1, 3000, ROWS):
            for statement in [*statements(DIES % row), *streams(DIES % row)]:
                e = session.error(statement)
                assert e.sqlstate == "22012", e


def only(who):
    """An expression that fails in workers alone, or in the session alone."""
    test = "(SELECT backend_type FROM pg_stat_activity WHERE pid = pg_backend_pid()) = 'parallel worker'"
    session.run("CREATE OR REPLACE FUNCTION fails_here() RETURNS int LANGUAGE plpgsql PARALLEL SAFE COST 10000 AS $$ BEGIN "
                "IF %s %s THEN RAISE 'here' USING ERRCODE = 'P1111'; END IF; PERFORM pg_sleep(0.0002); RETURN 1; END $$"
                % ("" if who == "worker" else "NOT", test))
    return "SELECT id, name, fails_here() AS x FROM t"


def test_an_error_in_a_worker_and_in_the_session():
    for who in ("worker", "session"):
        query = only(who)
        with Unharmed():
            for statement in [*statements(query), *streams(query)]:
                e = session.error(statement)
                assert e.sqlstate == "P1111", e
                assert ("parallel worker" in e.context) == (who == "worker"), e


def test_values_that_a_format_refuses():
    query = "SELECT id, CASE WHEN id = %d THEN 'infinity'::timestamp END AS at FROM t"
    with Unharmed():
        for row in (1, ROWS // 2, ROWS):
            for statement in statements(query % row):
                e = session.error(statement)
                assert e.sqlstate == "22003" and e.message.startswith('column "at": '), e


def test_errors_caught_in_plpgsql_and_after_savepoints():
    query = DIES % ROWS
    with Unharmed() as u:
        for statement in statements(query):
            rows = session.run("""
                CREATE TEMP TABLE IF NOT EXISTS seen (name text); TRUNCATE seen;
                DO $do$ BEGIN %s; EXCEPTION WHEN division_by_zero THEN
                    INSERT INTO seen SELECT pg_ls_dir('%s', true, false); END $do$;
                SELECT name FROM seen ORDER BY name COLLATE "C" """ % (statement, c.out("t")))
            assert [r[0] for r in rows] == u.targets[0].names, rows
            session.run("BEGIN; SAVEPOINT a")
            assert session.error(statement).sqlstate == "22012"
            session.run("ROLLBACK TO a")
            assert sorted(os.listdir(c.out("t"))) == u.targets[0].names
            session.run("SELECT 1; COMMIT")


# --- signals -----------------------------------------------------------------------------------------------------
def started(statement):
    """Sends it, and waits until workers are at it."""
    session.send(statement)
    wait_for(lambda: len(workers(c)) == 2, "two workers", 20)
    time.sleep(0.05)


def test_cancel_and_timeout():
    with Unharmed():
        for statement in [*statements(SLOW), *streams(SLOW)]:
            started(statement)
            start = time.monotonic()
            os.kill(session.backend_pid, signal.SIGINT)
            e = session.result(20).error
            assert e.sqlstate == "57014" and time.monotonic() - start < prompt(1.5), (e, time.monotonic() - start)
            session.run("SET statement_timeout = 200")
            e = session.error(statement)
            assert e.sqlstate == "57014", e
            session.run("RESET statement_timeout")


def test_terminate_a_worker():
    with Unharmed():
        for statement in [*statements(SLOW), *streams(SLOW)]:
            started(statement)
            c.psql("SELECT pg_terminate_backend(%d)" % workers(c)[0])
            e = session.result(20).error
            assert e.sqlstate == "57P01" and "parallel worker" in e.context, e


def test_terminate_the_session():
    global session
    for statement in list(statements(SLOW))[::2] + list(streams(SLOW))[:1]:
        with Unharmed(alive=False):
            started(statement)
            c.psql("SELECT pg_terminate_backend(%d)" % session.backend_pid)
            assert session.result(20).error
            wait_for(lambda: not os.path.exists("/proc/%d" % session.backend_pid), "the end of the session", 10)
            session.close()
        session = c.session()


def test_cancels_at_random_times():
    """Quick exports, so that opening, rotating, closing and publishing are hit: old and an error, or new and none."""
    seed = int(os.environ.get("SPOUT_SEED", random.randrange(2**32)))
    dice = random.Random(seed)
    targets()
    d = c.out("t")
    baseline = opened()
    old = 0
    for n in range(ROUNDS):
        more = SETS[n % len(SETS)]
        path = d + ("/s.avro" if more else "/f.avro")
        session.send(copy("TABLE t", path, parallel=3, sync="off", manifest="on", **more))
        time.sleep(dice.uniform(0, 0.12))
        os.kill(session.backend_pid, signal.SIGINT)
        error = session.result(20).error
        session.run("SELECT 1", check=False)  # a late cancel may hit it
        old += error is not None
        names = sorted(os.listdir(d))
        assert not parallel.hidden_names(d), (seed, n, names)
        mine = [d + "/" + x for x in names if x.endswith(".avro") and x.startswith("s_0" if more else "f")]
        keys = sorted(k for k, _ in read(*mine))
        assert keys in (list(range(1, ROWS + 1)), list(range(1, 11))), (seed, n, len(keys))
        assert error or len(keys) == ROWS
    assert opened() == baseline
    print("        %d rounds, seed %d: %d cancelled" % (ROUNDS, seed, old))


# --- crashes -----------------------------------------------------------------------------------------------------
def test_sigkill_of_a_worker():
    """The server restarts; the old file is there, and hidden names of a set are all that may be left."""
    global session, crashes
    segments = shared_segments(c)
    for statement in list(statements(SLOW))[::2]:
        with Unharmed([], alive=False):
            ts = targets()
            started(statement)
            time.sleep(random.uniform(0, 0.2))
            kill9(workers(c)[-1])
            crashes += 1
            assert session.result(20).error
            wait_recovered(c, session.backend_pid)
            session.close()
            session = c.session()
            for t in ts:
                t.assert_untouched(names=False)
            left = set(os.listdir(c.out("t"))) - {t.name for t in ts}
            assert left == set(parallel.hidden_names(c.out("t"))), left
    assert len(shared_segments(c)) <= len(segments) + 1
    session.run(copy("TABLE t", c.out("t") + "/f.avro", parallel=2))
    assert len(read(c.out("t") + "/f.avro")) == ROWS


# --- others in the directory -------------------------------------------------------------------------------------
def replace_with_a_copy(path):
    shutil.copy2(path, path + ".copy")
    os.chmod(path + ".copy", 0o666)
    os.rename(path + ".copy", path)


def replace_with_a_link(path):
    os.remove(path)
    os.symlink(c.out("t") + "/f.avro", path)


def test_hidden_files_that_others_replace():
    """Whichever file of a set it is, and whether it is still written to or finished: an error, and no byte goes elsewhere."""
    query = "SELECT id, name, pg_sleep(0.0003) IS NULL AS s FROM t WHERE id <= 1500"
    for more in ({"max_rows_per_file": 60}, {"max_rows_per_file": 60, "max_bytes_per_file": 9000}):
        for which, replace in ((0, replace_with_a_copy), (1, replace_with_a_link), (-1, replace_with_a_copy)):
            with Unharmed():
                session.send(copy(query, c.out("t") + "/s.avro", parallel=2, block_size=1024, manifest="on", **more))
                wait_for(lambda: len(parallel.hidden_names(c.out("t"))) > 3, "four files", 20)
                replace(os.path.join(c.out("t"), parallel.hidden_names(c.out("t"))[which]))
                e = session.result(30).error
                assert e and e.sqlstate == "55000" and "changed by another process" in e.message, e


def test_clean_up_after_others_took_names_away():
    """Gaps in the row of hidden names, wherever they are, do not end the clean-up."""
    query = "SELECT id, name, pg_sleep(0.0003) IS NULL AS s FROM t"
    for leader in ("on", "off"):  # idle, the session knows of its workers' files only what they have told
        session.run("SET parallel_leader_participation = " + leader)
        for gaps in ((0, ), (1, 2), (0, 3)):
            with Unharmed():
                session.send(copy(query, c.out("t") + "/s.avro", parallel=2, block_size=1024, max_rows_per_file=20))
                names = wait_for(lambda: (lambda n: n if len(n) > 6 else None)(parallel.hidden_names(c.out("t"))), "files", 20)
                for k in gaps:
                    os.remove(os.path.join(c.out("t"), names[k]))
                time.sleep(0.05)
                os.kill(session.backend_pid, signal.SIGINT)
                e = session.result(20).error
                # A process that opens what is gone may be faster than the cancel.
                assert e and e.sqlstate in ("57014", "58P01", "55000"), e
    session.run("RESET parallel_leader_participation")


# --- disks -------------------------------------------------------------------------------------------------------
def test_write_errors_in_a_worker_and_in_the_session():
    """Every process fails at its own nth write, so some worker may be the first; or, with the session idle, must be."""
    for leader in ("off", "on"):
        session.run("SET parallel_leader_participation = " + leader)
        with Unharmed():
            for skip, err, state in ((1, ENOSPC, "53100"), (2, EIO, "58030"), (5, ENOSPC, "53100")):
                for statement in statements(LARGE):
                    with faults("write %d 1 errno=%d" % (skip, err)):
                        e = session.error(statement)
                    assert e.sqlstate == state and c.out("t") in e.message, e
                    assert leader == "on" or "parallel worker" in e.context, e
    session.run("RESET parallel_leader_participation")


def test_short_writes_are_continued():
    d = fresh_dir(c, "t")
    with faults("write 0 300 short"):
        session.run(copy("TABLE t", d + "/f.avro", parallel=2))
        session.run(copy("TABLE t", d + "/s.avro", parallel=2, max_rows_per_file=1000))
    assert sorted(k for k, _ in read(d + "/f.avro")) == list(range(1, ROWS + 1))
    assert sorted(k for k, _ in read(*["%s/s_00%d.avro" % (d, i) for i in range(6)])) == list(range(1, ROWS + 1))


def test_other_calls_on_the_files_of_a_set():
    """Opening, creating, syncing, closing: an error, or, where it cannot matter, success."""
    for leader in ("off", "on"):
        session.run("SET parallel_leader_participation = " + leader)
        for call in ("openat", "fsync", "close"):
            for skip in (0, 1, 3):
                for more in ({"max_rows_per_file": 700}, {"max_bytes_per_file": 90000}):
                    with Unharmed() as unharmed:
                        with faults("%s %d 1 errno=%d .spout-tmp" % (call, skip, EIO)):
                            session.send(copy("TABLE t", c.out("t") + "/s.avro", parallel=2, **more))
                            e = session.result().error
                        assert e is None or e.sqlstate == "58030", e
                        assert e or call == "close", (call, skip, more)
                        if not e:
                            unharmed.targets = []
    session.run("RESET parallel_leader_participation")


def test_an_undo_that_fails_keeps_the_old_files():
    """Publishing failed, and so did taking back: the hidden names hold the only copies of what was there."""
    ts = targets()
    d = c.out("t")
    with open(d + "/s_000.avro", "rb") as f:
        old = f.read()
    statement = copy("TABLE t", d + "/s.avro", parallel=2, sync="on", max_rows_per_file=2500)
    session.run("SET parallel_leader_participation = off")
    with faults("fsync 3 1 errno=%d" % EIO, "exchange 3 -1 errno=%d" % EIO):  # the session's fourth is the directory's
        e = session.error(statement)
    session.run("RESET parallel_leader_participation")
    assert e.sqlstate == "58030" and "could not be undone" in e.detail, e
    left = [n for n in os.listdir(d) if n.endswith(".spout-old")]
    assert not parallel.hidden_names(d) and len(left) == 3 and len(ts) == 5, left
    kept = []
    for name in left:
        with open(os.path.join(d, name), "rb") as f:
            kept.append(f.read())
    assert old in kept


def test_disk_full():
    require(os.geteuid() == 0, "needs root to mount a small file system")
    d = fresh_dir(c, "t")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=777", "tmpfs", d], stderr=subprocess.PIPE, text=True)
    require(done.returncode == 0, "cannot mount tmpfs: " + done.stderr.strip())
    try:
        for leader in ("on", "off"):
            session.run("SET pg_spout.min_free_space = 0; SET parallel_leader_participation = %s" % leader)
            with Unharmed(targets(fresh=False)):
                st = os.statvfs(d)
                for statement in statements(LARGE):
                    e = session.error(statement)
                    assert e.sqlstate == "53100" and d in e.message, e
                    assert os.statvfs(d).f_bavail == st.f_bavail, "space was not given back"
        session.run("RESET ALL")
    finally:
        subprocess.check_call(["umount", d])


def test_zz_log_is_clean():
    assert_clean_log(c, crashes)


if __name__ == "__main__":
    harness.main()
