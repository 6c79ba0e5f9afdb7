#!/usr/bin/env python3
"""promise_test.py - the promise for files: whatever ends an export, the target is whole.

One test per row of the promise table: errors, cancels, time-outs, lost clients, SIGKILL, full disks. Failing
system calls are fault_test.py's, power loss is power_loss_test.py's.
In every format. SPOUT_KILL_ROUNDS: SIGKILLs at a random time (200; an eighth of it for other formats than Avro).
"""
import os
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import formats, harness  # noqa: E402
from lib.formats import named  # noqa: E402
from lib.harness import require  # noqa: E402
from lib.limits import assert_steady, prompt  # noqa: E402
from lib.promise import (Target, Torn, assert_clean_log, assert_keys, copy, descriptors, fresh_dir,  # noqa: E402
                         hidden, keys, kill9, read_back, spout_cluster, stopped, wait_for, wait_for_rows, wait_recovered)

VARIANTS = formats.chosen()
use_variant = formats.use
LONG = keys(1_000_000_000)  # nobody waits for its end
MILLION_THEN_ERROR = "SELECT g AS id, 1 / (g - 1000000) AS q FROM generate_series(1, 1000001) g"

c = None
crashes = 0


def setup_module():
    global c
    c = spout_cluster({"client_connection_check_interval": "200ms", "restart_after_crash": "on"})


def teardown_module():
    c.remove()


def old_and_absent():
    """Two targets to fail on: one that holds ten rows, one that does not exist."""
    d = fresh_dir(c, "t")
    c.psql(copy(d + named("/old"), keys(10)))
    os.chmod(d + named("/old"), 0o640)
    return [Target(d + named("/old")), Target(d + named("/absent"))]


def sets_and_files(path, rows_per_file=1000):
    """Options that give one file, and a set."""
    return [(path, {}), (path, {"max_rows_per_file": rows_per_file, "manifest": "on"})]


# --- success -------------------------------------------------------------------------------------------
def test_success_is_whole_and_alone():
    d = fresh_dir(c, "t")
    c.psql(copy(d + named("/f"), keys(1000)))
    assert_keys(d + named("/f"), 1000)
    assert os.stat(d + named("/f")).st_mode & 0o7777 == 0o644
    assert os.listdir(d) == [named("f")]


def test_replacing_keeps_mode_and_makes_a_new_inode():
    t = old_and_absent()[0]
    reader = open(t.path, "rb")  # has the old file open, and keeps seeing it
    c.psql(copy(t.path, keys(20)))
    assert_keys(t.path, 20)
    st = os.stat(t.path)
    assert st.st_mode & 0o7777 == 0o640 and st.st_ino != t.before[0]
    assert reader.read() == t.before[3]
    assert os.listdir(t.dir) == [named("old")]


def test_rollback_does_not_undo_a_file():
    t = old_and_absent()[1]
    c.psql("BEGIN; %s; ROLLBACK" % copy(t.path, keys(5)))
    assert_keys(t.path, 5)


# --- errors --------------------------------------------------------------------------------------------
def test_error_in_row_one_million():
    for t in old_and_absent():
        for path, options in sets_and_files(t.path, 30_000):
            assert c.error(copy(path, MILLION_THEN_ERROR, **options)).sqlstate == "22012"
            t.assert_untouched()


def test_error_in_first_row_and_before_it():
    for t in old_and_absent():
        assert c.error(copy(t.path, "SELECT 1 / (g - 1) AS q FROM generate_series(1, 2) g")).sqlstate == "22012"
        assert c.error(copy(t.path, "SELECT nothing FROM nowhere")).sqlstate == "42P01"
        t.assert_untouched()


def test_error_in_after_trigger_of_returning():
    c.psql("""DROP TABLE IF EXISTS late; CREATE TABLE late (id int);
        CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'too late'; END $$;
        CREATE TRIGGER refuse AFTER INSERT ON late FOR EACH ROW EXECUTE FUNCTION refuse()""")
    for t in old_and_absent():
        assert "too late" in c.error(copy(t.path, "INSERT INTO late VALUES (1) RETURNING id")).message
        t.assert_untouched()


def test_error_caught_in_plpgsql_is_clean_before_the_handler():
    for t in old_and_absent():
        for path, options in sets_and_files(t.path):
            statement = copy(path, "SELECT 1 / (g - 5000) AS q FROM generate_series(1, 9000) g", **options)
            rows = c.psql("""
                CREATE TEMP TABLE seen (name text);
                DO $do$ BEGIN
                    %s;
                EXCEPTION WHEN division_by_zero THEN
                    INSERT INTO seen SELECT pg_ls_dir('%s', true, false);
                END $do$;
                SELECT name FROM seen ORDER BY name COLLATE "C" """ % (statement, t.dir))
            assert [r[0] for r in rows] == t.names
            t.assert_untouched()


def end_export(session, action, options):
    """Starts a long export, waits until it writes, does something to it; seconds until it ended."""
    session.send(copy(options.pop("path"), LONG, **options))
    wait_for_rows(c, session, 20000)
    start = time.monotonic()
    action()
    result = session.result(timeout=30)
    return result.error, time.monotonic() - start


def test_cancel_acts_within_a_second():
    s = c.session()
    for t in old_and_absent():
        for path, options in sets_and_files(t.path):
            error, seconds = end_export(s, lambda: c.psql("SELECT pg_cancel_backend(%d)" % s.backend_pid),
                                        dict(options, path=path))
            assert error.sqlstate == "57014" and seconds < prompt(), (error, seconds)
            t.assert_untouched()
    assert s.run("SELECT 1") == [["1"]]
    s.close()


def test_statement_timeout():
    for t in old_and_absent():
        for path, options in sets_and_files(t.path):
            start = time.monotonic()
            assert c.error("SET statement_timeout = 500; " + copy(path, LONG, **options)).sqlstate == "57014"
            assert time.monotonic() - start < prompt(2)
            t.assert_untouched()


def test_terminate():
    for t in old_and_absent():
        for path, options in sets_and_files(t.path):
            s = c.session()
            error, seconds = end_export(s, lambda: c.psql("SELECT pg_terminate_backend(%d)" % s.backend_pid),
                                        dict(options, path=path))
            assert error and seconds < prompt(), (error, seconds)
            wait_for(lambda: not os.path.exists("/proc/%d" % s.backend_pid), "the end of the backend")
            t.assert_untouched()
            s.close()


def test_client_gone():
    for t in old_and_absent():
        s = c.session()
        s.send(copy(t.path, LONG))
        wait_for_rows(c, s, 20000)
        s.process.kill()
        wait_for(lambda: not os.path.exists("/proc/%d" % s.backend_pid), "the end of the backend", 10)
        t.assert_untouched()


def test_fast_shutdown():
    t = old_and_absent()[0]
    s = c.session()
    s.send(copy(t.path, LONG))
    wait_for_rows(c, s, 20000)
    c.restart("fast")
    t.assert_untouched()


# --- crashes -------------------------------------------------------------------------------------------
def crash(session):
    global crashes
    crashes += 1
    kill9(session.backend_pid)
    wait_recovered(c, session.backend_pid)
    session.close()


def test_immediate_shutdown():
    t = old_and_absent()[0]
    s = c.session()
    s.send(copy(t.path, LONG))
    wait_for_rows(c, s, 20000)
    c.restart("immediate")
    t.assert_untouched()


def whole_old_or_new(path, old, new):
    """Number of rows found: old or new, and every one of them."""
    rows, found = read_back(path)
    assert rows in (old, new), "%s has %d rows, neither %d nor %d" % (path, rows, old, new)
    assert found == list(range(1, rows + 1))
    return rows


def export_seconds(path, rows):
    start = time.monotonic()
    c.psql(copy(path, keys(rows)))
    return time.monotonic() - start


def test_sigkill_at_random_times():
    """SIGKILL anywhere in the life of an export: the old file or the new one, whole, and nothing else."""
    d = fresh_dir(c, "t")
    path, old, new = d + named("/f"), 1000, 40000
    seconds = max(export_seconds(path, new) for _ in range(3))
    seed = int(os.environ.get("SPOUT_SEED", random.randrange(2**32)))
    dice = random.Random(seed)
    outcomes = {old: 0, new: 0}
    rounds = formats.rounds("SPOUT_KILL_ROUNDS", 200, others=25)
    for n in range(rounds):
        if outcomes[old] + outcomes[new] == n and (n == 0 or last == new):
            c.psql(copy(path, keys(old)))
        s = c.session()
        s.send(copy(path, keys(new)))
        time.sleep(dice.uniform(0, seconds * 1.1))
        crash(s)
        try:
            last = whole_old_or_new(path, old, new)
        except Torn as e:
            raise AssertionError("round %d, seed %d: %s" % (n, seed, e)) from None
        outcomes[last] += 1
        # A kill between naming and unlinking leaves a hidden name to the sweep, nothing else.
        others = set(os.listdir(d)) - {named("f")}
        assert others == set(hidden(d)), "round %d, seed %d: %s" % (n, seed, others)
    print("        %d rounds, seed %d: %d old, %d new" % (rounds, seed, outcomes[old], outcomes[new]))
    if rounds >= 50:
        assert outcomes[old] and outcomes[new], "the kills missed the interesting time: %s" % outcomes


def test_sigkill_leaves_a_set_whole_and_is_swept():
    """Files of a set have hidden names while it grows; those of a dead run go with a later export."""
    d = fresh_dir(c, "t")
    path = d + named("/s")
    c.psql(copy(path, keys(3000), max_rows_per_file=1000))
    targets = [Target(d + named("/s_00%d") % i) for i in range(3)]
    s = c.session()
    s.send(copy(path, LONG, max_rows_per_file=1000))
    wait_for_rows(c, s, 20000)
    os.kill(s.backend_pid, signal.SIGSTOP)  # alive, but its files look old, every one
    wait_for(lambda: stopped(s.backend_pid), "its stop")
    live = hidden(d)
    assert len(live) > 10
    for name in live:
        os.utime(os.path.join(d, name), (1, 1))
    c.psql(copy(d + named("/other"), keys(1)))  # sweeps
    assert hidden(d) == live, "files of a live run were swept"
    for name in live:
        os.utime(os.path.join(d, name))
    crash(s)
    for t in targets:
        t.assert_untouched(names=False)
    dead = hidden(d)
    assert dead == live
    c.psql(copy(d + named("/other"), keys(1)))
    assert hidden(d) == dead, "young files stay"
    for name in dead:
        os.utime(os.path.join(d, name), (1, 1))
    c.psql(copy(d + named("/other"), keys(1)))
    assert not hidden(d), hidden(d)[:3]
    assert sorted(os.listdir(d)) == [named("other"), named("s_000"), named("s_001"), named("s_002")]


@harness.once  # names are names
def test_sweep_of_a_large_set_in_a_large_directory():
    """Whether a run lives is asked for by name, so that no list can be too short: 60,000 other files stand before its
    own, and it has 2,410 of them."""
    d = fresh_dir(c, "t")
    for i in range(60_000):
        os.close(os.open("%s/%d.other" % (d, i), os.O_CREAT))
    s = c.session()
    s.send(copy(d + named("/s"), LONG, max_rows_per_file=10, sync="off"))
    wait_for_rows(c, s, 24_200)
    os.kill(s.backend_pid, signal.SIGSTOP)
    wait_for(lambda: stopped(s.backend_pid), "its stop")
    live = hidden(d)
    assert len(live) >= 2_410
    for name in live:
        os.utime(os.path.join(d, name), (1, 1))
    for _ in range(2):
        c.psql(copy(d + named("/swept"), keys(1)))
        assert hidden(d) == live, "%d files of a live run were swept" % (len(live) - len(hidden(d)))
    crash(s)
    c.psql(copy(d + named("/swept"), keys(1)))
    assert not hidden(d), len(hidden(d))
    assert len(os.listdir(d)) == 60_001
    if not os.environ.get("SPOUT_MANY_FILES"):
        return
    # More entries than a sweep looks at: what it saw may look dead, and stays.
    dead = d + "/.f.0123456789abcdef.spout-tmp"
    open(dead, "w").close()
    if c.user:
        os.chown(dead, c.user.pw_uid, -1)
    os.utime(dead, (1, 1))
    for i in range(60_000, 100_000):
        os.close(os.open("%s/%d.other" % (d, i), os.O_CREAT))
    c.psql(copy(d + named("/swept"), keys(1)))
    assert os.path.exists(dead)
    for i in range(10):
        os.remove("%s/%d.other" % (d, i))
    c.psql(copy(d + named("/swept"), keys(1)))
    assert not os.path.exists(dead)


def test_sweep_takes_nothing_but_its_own():
    d = fresh_dir(c, "t")
    run = "0123456789abcdef"
    keep = [".f.avro.0123.spout-tmp", "f.avro.%s.spout-tmp" % run, ".f.avro.%s.spout-tmp~" % run, ".hidden",
            ".f.avro.%s.SPOUT-TMP" % run, ".f.avro.%s.spout-tmp" % run.upper()]
    for name in keep:
        open(os.path.join(d, name), "w").close()
    os.symlink("/etc/passwd", d + "/.l.avro.1111111111111111.spout-tmp")
    os.mkdir(d + "/.d.avro.2222222222222222.spout-tmp")
    keep += [".l.avro.1111111111111111.spout-tmp", ".d.avro.2222222222222222.spout-tmp"]
    open(d + "/.f.avro.3333333333333333.spout-tmp", "w").close()  # dead, but for its owner
    if os.geteuid() == 0:
        keep.append(".f.avro.3333333333333333.spout-tmp")
    dead = d + "/.f.avro.4444444444444444.spout-tmp"
    open(dead, "w").close()
    if c.user:
        os.chown(dead, c.user.pw_uid, -1)
    for name in os.listdir(d):
        os.utime(os.path.join(d, name), (1, 1), follow_symlinks=False)
    c.psql(copy(d + named("/f"), keys(1)))
    assert sorted(os.listdir(d)) == sorted(keep + [named("f")])


# --- full disks ----------------------------------------------------------------------------------------
def mounted(name, size):
    """A tmpfs below the cluster's directory, or a skip."""
    require(os.geteuid() == 0, "needs root to mount a small file system")
    path = fresh_dir(c, name)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%s,mode=777" % size, "tmpfs", path],
                          stderr=subprocess.PIPE, text=True)
    require(done.returncode == 0, "cannot mount tmpfs: " + done.stderr.strip())
    return path


def free(path):
    st = os.statvfs(path)
    return st.f_bavail * st.f_frsize


def test_disk_full():
    d = mounted("small", "4m")
    try:
        s = c.session()
        s.run("SET pg_spout.min_free_space = 0")
        s.run(copy(d + named("/f"), keys(10)))
        t = Target(d + named("/f"))
        before = free(d)
        for path, options in sets_and_files(t.path) + [(d + named("/new"), {}), (d + named("/new"), {"sync": "off"})]:
            e = s.error(copy(path, keys(1_000_000), **options))
            assert e.sqlstate == "53100" and d in e.message and "No space left" in e.message, e
            t.assert_untouched()
            assert free(d) == before, "space was not given back"
        s.run(copy(d + named("/f"), keys(20)))
        assert_keys(d + named("/f"), 20)
        s.close()
    finally:
        subprocess.check_call(["umount", d])


def test_min_free_space_fails_before_the_disk_is_full():
    d = mounted("small", "40m")
    try:
        e = c.error("SET pg_spout.min_free_space = '20MB'; " + copy(d + named("/f"), keys(100_000_000)))
        assert e.sqlstate == "53100" and "min_free_space" in e.message, e
        assert not os.listdir(d)
        assert c.error(copy(d + named("/f"), keys(1))).sqlstate == "53100"  # 64 MB by default
        c.psql("SET pg_spout.min_free_space = '1MB'; " + copy(d + named("/f"), keys(1)))
    finally:
        subprocess.check_call(["umount", d])


def limit(session, what):
    """what: as prlimit's option. Run as the server's user, who may do it without any capability."""
    c.run_as_server("prlimit", "--pid", str(session.backend_pid), what)


def test_file_size_limit():
    s = c.session()
    limit(s, "--fsize=%d" % (1 << 20))
    for t in old_and_absent():
        for path, options in [(t.path, {}), (t.path, {"sync": "off", "compression": formats.current.codecs[1]})]:
            e = s.error(copy(path, keys(1_000_000), **options))
            assert e.sqlstate == "53100" and t.name in e.message, e
            t.assert_untouched()
    assert s.run("SELECT 1") == [["1"]]
    s.close()


def test_few_descriptors():
    """Sets of many files need few descriptors; none left is an error, not a crash."""
    d = fresh_dir(c, "t")
    s = c.session()
    s.run(copy(d + named("/warm"), keys(1)))
    used = [int(fd) for fd in os.listdir("/proc/%d/fd" % s.backend_pid)]
    limit(s, "--nofile=%d:" % (max(used) + 8))
    s.run(copy(d + named("/s"), keys(1000), max_rows_per_file=1, sync="off"))
    assert len(os.listdir(d)) == 1001
    limit(s, "--nofile=%d:" % (min(set(range(max(used) + 2)) - set(used))))
    assert s.error(copy(d + named("/s"), keys(1000), max_rows_per_file=1)).sqlstate == "53000"
    limit(s, "--nofile=1000:")
    s.run(copy(d + named("/warm"), keys(1)))
    assert len(os.listdir(d)) == 1001
    s.close()


# --- nothing is left open ------------------------------------------------------------------------------
def test_descriptors_and_memory_return_to_baseline():
    d = fresh_dir(c, "t")
    s = c.session()
    failing = "DO $do$ BEGIN %s; EXCEPTION WHEN others THEN NULL; END $do$" % copy(
        d + named("/s"), "SELECT 1 / (g - 5000) AS q FROM generate_series(1, 9000) g", max_rows_per_file=1000)
    good = copy(d + named("/s"), keys(5000), max_rows_per_file=1000, manifest="on")
    contexts = "SELECT sum(total_bytes) FROM pg_backend_memory_contexts"

    def work(n):
        for _ in range(n):
            s.run(failing + ";" + good)
    def ours():  # the server's own files come and go
        return sorted(name for name in descriptors(s.backend_pid) if not name.startswith(c.data))
    work(3)
    before = ours()
    assert_steady(work, lambda: {"contexts": int(s.run(contexts)[0][0])}, 50, {"contexts": 1 << 20})
    assert ours() == before, set(ours()) ^ set(before)
    assert not hidden(d)
    s.close()


def test_zz_server_never_restarted_but_where_we_killed():
    assert_clean_log(c, crashes)
    assert len(re.findall("all server processes terminated; reinitializing", c.log)) == crashes


if __name__ == "__main__":
    harness.main()
