#!/usr/bin/env python3
"""fault_test.py - the promise for files when system calls fail, one by one and everywhere.

In every format. A shim (test/shim) in the server makes calls on export files fail, or the process die, at a chosen place.
"""
import errno
import os
import re
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import formats, harness  # noqa: E402
from lib.formats import named  # noqa: E402
from lib.promise import (EDQUOT, EINVAL, EIO, ENOSPC, EOPNOTSUPP, Faults, Target, assert_clean_log,  # noqa: E402
                         assert_keys, copy, descriptors, fresh_dir, hidden, keys, read_back, spout_cluster,
                         stopped, wait_for, wait_recovered)


VARIANTS = formats.chosen()
use_variant = formats.use

c = faults = work = session = None
crashes = 0


def setup_module():
    global c, faults, work, session
    work = tempfile.TemporaryDirectory(prefix="spout-shim-")
    faults = Faults(work.name)
    c = spout_cluster(env=faults.env("/out/t"))
    session = c.session()


def teardown_module():
    if c:
        c.remove()
    work.cleanup()


def big():
    """Rows of more than two windows of write-back; Avro's are the smallest."""
    return 2_000_000 if formats.current.name == "avro" else 1_000_000


def target(rows=10):
    d = fresh_dir(c, "t")
    session.run(copy(d + named("/f"), keys(rows)))
    return Target(d + named("/f"))


def old_set(n=4):
    """A set of n files with ten rows each and a manifest; the new run of new_set() has other rows."""
    d = fresh_dir(c, "t")
    session.run(copy(d + named("/s"), keys(10 * n), max_rows_per_file=10, manifest="on"))
    return [Target(os.path.join(d, name)) for name in sorted(os.listdir(d))]


def new_set(t, n=4):
    return copy(t.dir + named("/s"), keys(20 * n), max_rows_per_file=20, manifest="on")


def fails(statement, *rules):
    """The statement's error under these rules; the session survives, and no descriptor is left open."""
    before = sorted(descriptors(session.backend_pid))
    with faults(*rules):
        error = session.error(statement)
    assert session.run("SELECT 1") == [["1"]]
    assert sorted(descriptors(session.backend_pid)) == before
    return error


# --- single calls --------------------------------------------------------------------------------------
def test_write_errors():
    t = target()
    for skip in (0, 1, 5):
        for err, state in [(EIO, "58030"), (ENOSPC, "53100"), (EDQUOT, "53100"), (errno.EFBIG, "53100")]:
            e = fails(copy(t.path, keys(100_000)), "write %d 1 errno=%d" % (skip, err))
            assert e.sqlstate == state and t.path in e.message and os.strerror(err) in e.message, e
            t.assert_untouched()


def test_short_and_interrupted_writes_are_continued():
    t = target()
    with faults("write 0 400 short", "write 450 5 errno=%d" % errno.EINTR):
        session.run(copy(t.path, keys(20_000)))
    assert_keys(t.path, 20_000)


def test_fsync_of_the_file():
    """One error, no second fsync of that inode, no PANIC; a repeated export works."""
    t = target()

    def run():
        faults.set("log", "fsync 0 1 errno=%d" % EIO)
        e = session.error(copy(t.path, keys(1000)))
        assert e.sqlstate == "58030" and t.path in e.message, e
    calls = faults.trace(run)
    assert [call for call, _, _ in calls].count("fsync") == 1, calls
    t.assert_untouched()
    session.run(copy(t.path, keys(1000)))
    assert_keys(t.path, 1000)


def test_write_back_windows():
    t = target()
    for skip in (0, 1):
        e = fails(copy(t.path, keys(big())), "sync_file_range %d 1 errno=%d" % (skip, EIO))
        assert e.sqlstate == "58030" and t.path in e.message, e
        t.assert_untouched()


@harness.once
def test_file_system_without_write_back_windows():
    t = target()
    with faults("sync_file_range 0 -1 errno=%d" % errno.ENOSYS):
        session.run(copy(t.path, keys(big())))
    assert read_back(t.path)[0] == big()


def test_fsync_of_the_directory_undoes_publishing():
    t = target()
    e = fails(copy(t.path, keys(1000)), "fsync 1 1 errno=%d" % EIO)
    assert e.sqlstate == "58030" and t.dir in e.message and not e.detail, e
    t.assert_untouched()
    e = fails(copy(t.dir + named("/new"), keys(1000)), "fsync 1 1 errno=%d" % EIO)
    assert e.sqlstate == "58030", e
    t.assert_untouched()


def test_undo_that_fails_says_which_files_are_new():
    t = target()
    e = fails(copy(t.path, keys(1000)), "fsync 1 1 errno=%d" % EIO, "exchange 1 1 errno=%d" % EIO)
    assert e.sqlstate == "58030" and t.path in e.detail, e
    assert_keys(t.path, 1000)
    kept = [n for n in os.listdir(t.dir) if n.endswith(".spout-old")]  # which no sweep takes for a left-over
    assert len(kept) == 1 and not hidden(t.dir) and ".spout-old" in e.detail, e
    with open(os.path.join(t.dir, kept[0]), "rb") as f:
        assert f.read() == t.before[3]


def test_close_of_a_file_of_a_set():
    targets = old_set()
    for err, state in [(EIO, "58030"), (EDQUOT, "53100")]:
        for k in range(4):
            e = fails(new_set(targets[0]), "close %d 1 errno=%d #" % (k, err))  # nameless when opened
            assert e.sqlstate == state, e
            for t in targets:
                t.assert_untouched()


def test_exchange_k_of_a_set_undoes_the_ones_before():
    targets = old_set()
    for k in range(5):
        e = fails(new_set(targets[0]), "exchange %d 1 errno=%d" % (k, EIO))
        assert e.sqlstate == "58030" and not e.detail, e
        for t in targets:
            t.assert_untouched()


def test_directory_syncs_of_a_set():
    targets = old_set()
    calls = faults.trace(lambda: session.run(new_set(targets[0])))
    syncs = [i for i, (call, _, _) in enumerate([x for x in calls if x[0] == "fsync"])]
    targets = old_set()
    for k in syncs:
        e = fails(new_set(targets[0]), "fsync %d 1 errno=%d" % (k, EIO))
        assert e.sqlstate == "58030", e
        for t in targets:
            t.assert_untouched()


# --- what a file system may lack -----------------------------------------------------------------------
LACKS = {
    "O_TMPFILE": ["tmpfile 0 -1 errno=%d" % EOPNOTSUPP],
    "exchange": ["exchange 0 -1 errno=%d" % EINVAL],
    "renameat2": ["exchange 0 -1 errno=%d" % errno.ENOSYS, "noreplace 0 -1 errno=%d" % errno.ENOSYS],
    "locks": ["flock 0 -1 errno=%d" % errno.ENOLCK],
    "hard links": ["tmpfile 0 -1 errno=%d" % EOPNOTSUPP, "linkat 0 -1 errno=%d" % errno.EPERM,
                   "exchange 0 -1 errno=%d" % EINVAL, "noreplace 0 -1 errno=%d" % EINVAL],
    "all but links": ["tmpfile 0 -1 errno=%d" % errno.EISDIR, "exchange 0 -1 errno=%d" % EINVAL,
                      "noreplace 0 -1 errno=%d" % EINVAL, "flock 0 -1 errno=%d" % EOPNOTSUPP],
}


def test_fallbacks_write_the_same_files():
    for lack, rules in LACKS.items():
        t = target()
        with faults(*rules):
            session.run(copy(t.path, keys(2000)))
            session.run(copy(t.dir + named("/new"), keys(3000)))
            e = session.error(copy(t.dir + named("/new"), keys(1), if_exists="error"))
            assert e.sqlstate == "58P02", (lack, e)
            session.run(copy(t.dir + named("/s"), keys(50), max_rows_per_file=20, manifest="on"))
            session.run(copy(t.dir + named("/s"), keys(30), max_rows_per_file=20, manifest="on"))
        assert_keys(t.path, 2000)
        assert_keys(t.dir + named("/new"), 3000)
        names = [named("f"), named("new"), named("s") + ".manifest.json", named("s_000"), named("s_001")]
        assert sorted(os.listdir(t.dir)) == names, (lack, os.listdir(t.dir))


def test_fallbacks_keep_the_promise():
    for lack, rules in LACKS.items():
        t = target()
        faults.set(*rules)
        session.error(copy(t.path, "SELECT 1 / (g - 5000) FROM generate_series(1, 9000) g"))
        t.assert_untouched()
        if lack == "hard links":
            continue  # without them a replaced file cannot be brought back
        e = fails(copy(t.path, keys(1000)), *rules, "fsync 1 1 errno=%d" % EIO)
        assert e.sqlstate == "58030" and not e.detail, (lack, e)
        t.assert_untouched()
        e = fails(copy(t.dir + named("/new"), keys(1000)), *rules, "fsync 1 1 errno=%d" % EIO)
        assert e.sqlstate == "58030" and not e.detail, (lack, e)
        t.assert_untouched()


def test_replaced_file_that_cannot_be_brought_back_is_named():
    t = target()
    e = fails(copy(t.path, keys(1000)), *LACKS["hard links"], "fsync 1 1 errno=%d" % EIO)
    assert e.sqlstate == "58030" and t.path in e.detail, e
    assert_keys(t.path, 1000)


# --- order of calls ------------------------------------------------------------------------------------
def position(calls, *wanted):
    found = [i for i, (call, path, _) in enumerate(calls) if call in wanted]
    assert found, "no %s in %s" % (wanted, calls)
    return found[-1]


def test_data_is_durable_before_it_is_visible():
    t = target()
    calls = faults.trace(lambda: session.run(copy(t.path, keys(1000))))
    order = [position(calls, "write"), min(i for i, x in enumerate(calls) if x[0] == "fsync"),
             position(calls, "exchange"), position(calls, "fsync"), position(calls, "unlinkat")]
    assert order == sorted(order) and len(set(order)) == 5, calls


def test_manifest_is_visible_only_when_its_files_are_durable():
    targets = old_set()
    calls = faults.trace(lambda: session.run(new_set(targets[0])))
    swaps = [i for i, (call, _, _) in enumerate(calls) if call == "exchange"]
    assert len(swaps) == 5 and calls[swaps[-1]][1].endswith(named("s") + ".manifest.json"), calls
    between = calls[swaps[-2]:swaps[-1]]
    assert ("fsync", targets[0].dir) in [(call, path) for call, path, _ in between], between


def test_sets_wait_for_each_other():
    """One set is half published when another is ready: it waits, and nothing is mixed."""
    targets = old_set()
    d = targets[0].dir
    other = c.session()
    faults.set("exchange 2 1 stop")
    session.send(new_set(targets[0]))
    wait_for(lambda: stopped(session.backend_pid), "the third file")
    faults.set()
    other.send(copy(d + named("/s"), keys(12), max_rows_per_file=3, manifest="on"))
    time.sleep(0.7)
    assert [t.state() == t.before for t in targets[1:]] == [False, False, True, True], "the other did not wait"
    os.kill(session.backend_pid, signal.SIGCONT)
    assert session.result().error is None and other.result().error is None
    assert [read_back(named("%s/s_%03d") % (d, i))[0] for i in range(4)] == [3] * 4
    other.close()


def test_files_changed_by_another_while_they_are_published():
    """The manifest's hidden name is given to another file; a published name is taken away again."""
    targets = old_set()
    d = targets[0].dir
    faults.set("exchange 1 1 stop")
    session.send(new_set(targets[0]))
    wait_for(lambda: stopped(session.backend_pid), "the second file")
    faults.set()
    name = [n for n in hidden(d) if "manifest" in n][0]
    os.remove(os.path.join(d, name))
    os.symlink("/etc/passwd", os.path.join(d, name))
    os.kill(session.backend_pid, signal.SIGCONT)
    e = session.result().error
    assert e.sqlstate == "55000" and "manifest.json" in e.message and "nothing was published" in e.detail, e
    for t in targets:
        t.assert_untouched()
    # Just after it was put into place: whose it is now cannot be told, so it stays, and so does what was there before.
    t = targets[1]
    looks = faults.trace(lambda: session.run(new_set(targets[0]))).count(("fstatat", t.path, 0))
    targets = old_set()
    t = targets[1]
    faults.set("fstatat %d 1 stop /%s" % (looks - 1, t.name))  # the last is at what was put into place
    session.send(new_set(targets[0]))
    wait_for(lambda: stopped(session.backend_pid), "the look at " + t.name)
    faults.set()
    for name in hidden(d):
        with open(os.path.join(d, name), "rb") as f:
            if t.name in name:
                assert f.read() == t.before[3], "the wrong moment"
    with open(t.path + ".theirs", "w") as f:
        f.write("theirs")
    os.rename(t.path + ".theirs", t.path)
    os.kill(session.backend_pid, signal.SIGCONT)
    e = session.result().error
    assert e.sqlstate == "55000" and t.path in e.message and t.path in e.detail, e
    with open(t.path) as f:
        assert f.read() == "theirs"
    kept = [n for n in os.listdir(d) if n.endswith(".spout-old")]
    assert len(kept) == 1 and not hidden(d), os.listdir(d)
    with open(os.path.join(d, kept[0]), "rb") as f:
        assert f.read() == t.before[3]
    for other in targets:
        if other is not t:
            other.assert_untouched(names=False)


def test_sync_off_never_syncs():
    t = target()
    calls = faults.trace(lambda: session.run(copy(t.path, keys(big()), sync="off")))
    assert not [x for x in calls if x[0] in ("fsync", "fdatasync", "sync_file_range")]
    assert read_back(t.path)[0] == big()


# --- everywhere ----------------------------------------------------------------------------------------
def outcome(targets, new_names):
    """'old' if nothing changed, 'new' if every file is the new run's; anything else is a torn result."""
    state = [t.state() for t in targets]
    same = [now == t.before for now, t in zip(state, targets)]
    if all(same):
        return "old"
    assert not any(same), "mixed: %s" % [t.name for t, s in zip(targets, same) if s]
    assert [n for n in new_names if not os.path.exists(n)] == []
    return "new"


def scenarios():
    """(name, prepare() -> targets, statement(targets))."""
    def absent():
        return [Target(fresh_dir(c, "t") + named("/f"))]
    yield "new file", absent, lambda ts: copy(ts[0].path, keys(1000))
    yield "replaced file", lambda: [target()], lambda ts: copy(ts[0].path, keys(1000))
    yield "replaced set", lambda: old_set(3), lambda ts: new_set(ts[0], 3)


def test_error_at_every_call():
    """EIO in place of each call in turn: old and an ERROR, or new and success; alive, nothing left open."""
    for name, prepare, statement in scenarios():
        targets = prepare()
        calls = faults.trace(lambda: session.run(statement(targets)))
        for k, (call, path, _) in enumerate(calls):
            where = "%s, call %d: %s %s" % (name, k, call, path)
            targets = prepare()
            before = sorted(descriptors(session.backend_pid))
            with faults("any %d 1 errno=%d" % (k, EIO)):
                session.send(statement(targets))
                error = session.result().error
            assert session.run("SELECT 1") == [["1"]], where
            assert sorted(descriptors(session.backend_pid)) == before, where
            got = outcome(targets, [t.path for t in targets])
            assert got == ("old" if error else "new"), "%s: %s, %s" % (where, got, error)
            if error:
                assert error.sqlstate == "58030", where
            # An unlink that fails is the only thing that may leave a name behind, and not a visible one.
            left = set(os.listdir(targets[0].dir)) - {t.name for t in targets}
            assert not left or (call == "unlinkat" and len(left) == 1 and left == set(hidden(targets[0].dir))), \
                "%s: %s" % (where, left)


def kill_at(k, action, statement):
    global session, crashes
    with faults("any %d 1 %s" % (k, action)):
        session.send(statement)
        if not session.result().error:
            return False
    crashes += 1
    wait_recovered(c, session.backend_pid)
    session.close()
    session = c.session()
    return True


def test_sigkill_at_every_call():
    """The process dies before each call in turn: old or new; sets may be mixed only while publishing."""
    for name, prepare, statement in scenarios():
        targets = prepare()
        calls = faults.trace(lambda: session.run(statement(targets)))
        publishing = [i for i, x in enumerate(calls) if x[0] in ("exchange", "noreplace", "linkat")]
        for k, (call, path, _) in enumerate(calls):
            where = "%s, call %d: %s %s" % (name, k, call, path)
            targets = prepare()
            assert kill_at(k, "kill", statement(targets)), where
            for t in targets:
                if t.state() and t.name != named("s") + ".manifest.json":
                    read_back(t.path)  # whole, whichever it is
            if len(targets) == 1 or k <= min(publishing):
                outcome(targets, [t.path for t in targets if t.before])
            others = set(os.listdir(targets[0].dir)) - {t.name for t in targets}
            assert others == set(hidden(targets[0].dir)), "%s: %s" % (where, others)
    print("        %d kills" % crashes)


def test_cancel_while_publishing_is_all_or_nothing():
    for name, prepare, statement in scenarios():
        targets = prepare()
        calls = faults.trace(lambda: session.run(statement(targets)))
        first = min(i for i, x in enumerate(calls) if x[0] in ("exchange", "noreplace", "linkat"))
        for k in range(first, len(calls)):
            targets = prepare()
            with faults("any %d 1 stop" % k):
                session.send(statement(targets))
                wait_for(lambda: stopped(session.backend_pid), "call %d" % k)
                os.kill(session.backend_pid, signal.SIGINT)  # cancel
                os.kill(session.backend_pid, signal.SIGCONT)
                session.result()
            outcome(targets, [t.path for t in targets])
            assert set(os.listdir(targets[0].dir)) == {t.name for t in targets}, (name, k, calls[k])


def interrupted_set(signal_number, *rules):
    """A set of 40 files, each of which takes 50 ms to publish, is hit after some; (targets, error, seconds)."""
    targets = old_set(40)
    with faults("exchange 0 -1 sleep=50", *rules):
        session.send(new_set(targets[0], 40))
        wait_for(lambda: targets[6].state() != targets[6].before, "some files")
        start = time.monotonic()
        os.kill(session.backend_pid, signal_number)
        error = session.result().error
        seconds = time.monotonic() - start
    return targets, error, seconds


@harness.once  # files are files
def test_a_large_set_is_not_published_against_a_cancel():
    """Between two files: what was published so far is taken back."""
    global session
    targets, error, seconds = interrupted_set(signal.SIGINT)
    assert error.sqlstate == "57014" and seconds < 1.5, (error, seconds)  # all of them would take two seconds
    for t in targets:
        t.assert_untouched()
    assert session.run("SELECT 1") == [["1"]]
    targets, error, seconds = interrupted_set(signal.SIGTERM)
    wait_for(lambda: not os.path.exists("/proc/%d" % session.backend_pid), "the end of the session")
    session.close()
    session = c.session()
    assert error and seconds < 1.5, (error, seconds)
    for t in targets:
        t.assert_untouched()
    targets = old_set(40)
    with faults("exchange 0 -1 sleep=50"):
        e = session.error("SET statement_timeout = 800; " + new_set(targets[0], 40))
    session.run("RESET statement_timeout")
    assert e.sqlstate == "57014", e
    for t in targets:
        t.assert_untouched()


def test_a_cancel_whose_undo_fails():
    targets = old_set()
    d = targets[0].dir
    faults.set("exchange 2 1 stop")
    session.send(new_set(targets[0]))
    wait_for(lambda: stopped(session.backend_pid), "the third file")
    faults.set("exchange 0 1 errno=%d" % EIO)  # the third itself has been decided on
    os.kill(session.backend_pid, signal.SIGINT)
    os.kill(session.backend_pid, signal.SIGCONT)
    result = session.result()
    faults.set()
    assert result.error.sqlstate == "57014", result.error
    warned = [m for m in result.messages if m.severity == "WARNING"]
    assert len(warned) == 1 and d in warned[0].message and ".spout-old" in warned[0].detail, warned
    changed = [t for t in targets if t.state() != t.before]
    kept = [n for n in os.listdir(d) if n.endswith(".spout-old")]
    assert len(changed) == 1 and len(kept) == 1 and not hidden(d), (changed, kept)
    with open(os.path.join(d, kept[0]), "rb") as f:
        assert f.read() == changed[0].before[3]


def test_a_session_that_ends_while_old_files_are_removed():
    """By then the set is there: it stays, and no old file is left behind."""
    global session
    targets = old_set()
    faults.set("unlinkat 1 1 stop")
    session.send(new_set(targets[0]))
    wait_for(lambda: stopped(session.backend_pid), "the second old file")
    faults.set()
    os.kill(session.backend_pid, signal.SIGTERM)
    os.kill(session.backend_pid, signal.SIGCONT)
    assert session.result().error
    wait_for(lambda: not os.path.exists("/proc/%d" % session.backend_pid), "the end of the session")
    session.close()
    session = c.session()
    assert outcome(targets, [t.path for t in targets]) == "new"
    assert sorted(os.listdir(targets[0].dir)) == sorted(t.name for t in targets)


def test_zz_log_is_clean():
    assert_clean_log(c, crashes)
    assert len(re.findall("all server processes terminated; reinitializing", c.log)) == crashes


if __name__ == "__main__":
    harness.main()
