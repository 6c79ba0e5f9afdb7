#!/usr/bin/env python3
"""file_access_test.py - who may read an export's files: permission bits and groups, kept or asked for, of every shape that an
export has, serial and parallel.
"""
import errno
import grp
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness, parallel  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.harness import require  # noqa: E402
from lib.promise import Faults, Target, assert_clean_log, fresh_dir  # noqa: E402

SHAPES = {"a file": {}, "a set": {"max_rows_per_file": 1500}, "a file with a manifest": {"manifest": "on"},
          "a set with a manifest": {"max_rows_per_file": 1500, "manifest": "on"}}
c = faults = work = None
ours = theirs = None  # groups: the server's account is a member of the first


def setup_module():
    global c, faults, work, ours, theirs
    require(os.geteuid() == 0, "needs root to give files to groups")
    named = [g for g in grp.getgrall() if g.gr_gid and g.gr_name != "postgres"]
    require(len(named) >= 2, "needs two groups")
    ours, theirs = named[:2]
    work = tempfile.TemporaryDirectory(prefix="spout-shim-")
    faults = Faults(work.name)
    c = Cluster(parallel.CONF, preload=True, env=faults.env("/out/t"), groups=(ours.gr_gid, ))
    c.psql("CREATE EXTENSION pg_spout; CREATE TABLE t AS SELECT n::bigint AS id FROM generate_series(1, 4000) n; ANALYZE t")


def teardown_module():
    if c:
        c.remove()
    if work:
        work.cleanup()


def export(path, **more):
    """The result, with its warnings."""
    result = c.run(parallel.copy("TABLE t", path, **more))
    if result.error:
        raise result.error
    return result


def access(d):
    """{(mode, group)} of all files in it."""
    found = [os.lstat(os.path.join(d, name)) for name in os.listdir(d)]
    return {(st.st_mode & 0o7777, st.st_gid) for st in found}


def give(d, mode, group):
    for name in os.listdir(d):
        os.chown(os.path.join(d, name), -1, group)
        os.chmod(os.path.join(d, name), mode)


def doors():
    """(shape, options): every shape, by one process and by several."""
    for shape, options in SHAPES.items():
        for workers in ("off", 2):
            yield shape, dict(options, parallel=workers, sync="off")


def test_what_is_replaced_keeps_its_group_and_bits():
    for shape, options in doors():
        for mode in (0o640, 0o664):
            d = fresh_dir(c, "t")
            export(d + "/f.avro", **options)
            assert access(d) == {(0o644, c.user.pw_gid)}, shape
            give(d, mode, ours.gr_gid)
            assert not export(d + "/f.avro", **options).messages, shape
            assert access(d) == {(mode, ours.gr_gid)}, (shape, access(d))


def test_files_that_replace_none_take_after_their_set():
    """Else a set that grows, or gets a manifest, would show to all what was kept to a group."""
    for workers in ("off", 2):
        d = fresh_dir(c, "t")
        export(d + "/f.avro", max_rows_per_file=3000, parallel=workers, manifest="on")
        os.remove(d + "/f.avro.manifest.json")
        give(d, 0o640, ours.gr_gid)
        assert not export(d + "/f.avro", max_rows_per_file=1000, manifest="on", parallel=workers).messages
        assert len(os.listdir(d)) == 5 and access(d) == {(0o640, ours.gr_gid)}, access(d)
        assert not export(d + "/f.avro", manifest="on", parallel=workers).messages  # one file replaces the set, and back
        assert len(os.listdir(d)) == 2 and access(d) == {(0o640, ours.gr_gid)}, access(d)
        assert not export(d + "/f.avro", max_rows_per_file=1000, manifest="on", parallel=workers).messages
        assert len(os.listdir(d)) == 5 and access(d) == {(0o640, ours.gr_gid)}, access(d)


def test_a_group_that_cannot_be_kept():
    """One warning, and the process's group gets no rights that only the other had."""
    for shape, options in doors():
        for before, after in ((0o640, 0o600), (0o664, 0o644), (0o604, 0o644)):
            d = fresh_dir(c, "t")
            export(d + "/f.avro", **options)
            give(d, before, theirs.gr_gid)
            messages = export(d + "/f.avro", **options).messages
            assert [m.severity for m in messages] == ["WARNING"] and theirs.gr_name in messages[0].message, messages
            assert "file_group" in messages[0].hint and access(d) == {(after, c.user.pw_gid)}, (shape, access(d))


def test_options():
    for shape, options in doors():
        d = fresh_dir(c, "t")
        for group, mode, bits in ((ours.gr_name, "0640", 0o640), (ours.gr_gid, "660", 0o660), (ours.gr_name, "0400", 0o400)):
            for _ in range(2):  # new, and replaced
                assert not export(d + "/f.avro", file_mode=mode, file_group=group, **options).messages
                assert access(d) == {(bits, ours.gr_gid)}, (shape, access(d))
        assert not export(d + "/f.avro", file_mode="604", **options).messages  # one of them: the other is kept
        assert access(d) == {(0o604, ours.gr_gid)}, (shape, access(d))
        assert not export(d + "/f.avro", file_group=c.user.pw_gid, **options).messages
        assert access(d) == {(0o604, c.user.pw_gid)}, (shape, access(d))
    rows = c.psql("SELECT rows FROM export_to_csv('TABLE t', '%s/f.csv', options => '{\"file_mode\": 640, \"file_group\": %d}')"
                  % (fresh_dir(c, "t"), ours.gr_gid))
    assert rows == [["4000"]] and access(c.out("t")) == {(0o640, ours.gr_gid)}


def test_options_that_cannot_be():
    d = fresh_dir(c, "t")
    for mode in ("", "0", "64", "888", "1777", "4755", "0o640", "u=rw", "-640", "00640", "64 0"):
        e = c.error(parallel.copy("TABLE t", d + "/f.avro", file_mode=mode))
        assert e.sqlstate == "22023" and "file_mode" in e.message and "0640" in e.hint, (mode, e)
    e = c.error(parallel.copy("TABLE t", d + "/f.avro", file_group=""))
    assert e.sqlstate == "22023" and "file_group" in e.message and "number" in e.hint, e
    fails = "SELECT 1 / (id - id) AS q FROM t"  # so it is told before the first row
    for group in ("no such group", "4294967295", "99999999999", "-1", "1e3", "gr\u00fcppe"):
        for workers in ("off", 2):
            e = c.error(parallel.copy(fails, d + "/f.avro", file_group=group, parallel=workers))
            assert e.sqlstate == "42704" and group in e.message and "operating system" in e.hint, e
    for shape, options in doors():
        e = c.error(parallel.copy(fails, d + "/f.avro", file_group=theirs.gr_name, **options))
        assert e.sqlstate == "42501" and theirs.gr_name in e.message and "member" in e.hint, (shape, e)
    for target in ("STDOUT", "PROGRAM 'cat > /dev/null'"):
        for option in ("file_mode '0640'", "file_group '%s'" % ours.gr_name):
            e = c.error("COPY t TO %s WITH (FORMAT avro, %s)" % (target, option))
            assert e.sqlstate == "22023" and "needs a file target" in e.message, e
    assert os.listdir(d) == []


def test_file_systems_that_refuse():
    """Whatever call fails: an error that leaves what was there, or a warning and a whole export."""
    for shape, options in doors():
        d = fresh_dir(c, "t")
        export(d + "/f.avro", **options)
        before = [Target(os.path.join(d, name)) for name in sorted(os.listdir(d))]

        def fails(state, rule):
            with faults(rule):
                e = c.error(parallel.copy("TABLE t", d + "/f.avro", file_mode="0640", file_group=ours.gr_gid, **options))
            assert e.sqlstate == state, (shape, rule, e)
            for t in before:
                t.assert_untouched()
        fails("42501", "fchown 0 -1 errno=%d" % errno.EPERM)
        fails("58030", "fchmod 0 -1 errno=%d" % errno.EIO)
        fails("58030", "fchown 1 -1 errno=%d" % errno.EIO)  # the file itself, after the one that was tried
        if len(before) > 1:  # the second file of the set, or the manifest
            fails("58030", "fchown 2 -1 errno=%d" % errno.EIO)
            fails("42501", "fchmod 1 -1 errno=%d" % errno.EPERM)
        for t in before:
            os.chown(t.path, -1, ours.gr_gid)
        with faults("fchown 0 -1 errno=%d" % errno.EPERM):
            messages = export(d + "/f.avro", **options).messages
        assert [m.severity for m in messages] == ["WARNING"], (shape, messages)
        assert access(d) == {(0o644, c.user.pw_gid)}, (shape, access(d))


def test_zz_log_is_clean():
    assert_clean_log(c)


if __name__ == "__main__":
    harness.main()
