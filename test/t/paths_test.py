#!/usr/bin/env python3
"""paths_test.py - which targets are accepted, which refused and how, and what derived names look like."""
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import formats, harness  # noqa: E402
from lib.formats import named  # noqa: E402
from lib.harness import require  # noqa: E402
from lib.promise import Target, assert_clean_log, assert_keys, copy, fresh_dir, keys, spout_cluster  # noqa: E402

VARIANTS = formats.chosen()
use_variant = formats.use
c = None


def setup_module():
    global c
    c = spout_cluster({"allow_in_place_tablespaces": "off"})


def teardown_module():
    c.remove()


def refused(path, state, text=None, **options):
    """Both doors refuse it alike, and before the query runs."""
    query = "SELECT 1 / (random() * 0)::int AS q"  # would raise 22012 if it ran
    doors = [copy(path, query, **options)]
    if not options:
        doors.append("SELECT * FROM export_to_%s('%s', '%s')" % (formats.current, query, path.replace("'", "''")))
    for statement in doors:
        e = c.error(statement)
        assert e.sqlstate == state, "%s: %s" % (path[:100], e)
        assert text is None or text in e.message, e
    return e


# --- spelling ------------------------------------------------------------------------------------------
def test_relative_paths():
    for path in [named("out"), named("./out"), named("../out"), named("~/out"), "~postgres/x", "file:/tmp/x", "", " /tmp/x"]:
        refused(path, "42602", "relative path not allowed for COPY to file")


def test_null_path():
    assert c.error("SELECT * FROM export_to_%s('SELECT 1', NULL)" % formats.current).sqlstate == "22004"


def test_paths_that_name_a_directory():
    d = fresh_dir(c, "t")
    os.mkdir(d + "/sub")
    for path in [d, d + "/", d + "/sub/", d + "/sub", d + "/sub/.", d + "/sub/..", d + "/absent/", "/", "//"]:
        refused(path, "42809", "is a directory")
    assert os.listdir(d) == ["sub"]


def test_spellings_of_one_file():
    d = fresh_dir(c, "t")
    os.mkdir(d + "/sub")
    for path in [d + named("/sub/../f"), d + named("//f"), d + named("/./f"), d + named("/sub/./../f")]:
        rows = c.psql("SELECT path FROM export_to_%s('%s', '%s')" % (formats.current, keys(3).replace("'", "''"), path))
        assert rows == [[d + named("/f")]], rows
        assert sorted(os.listdir(d)) == [named("f"), "sub"]


def test_dots_cannot_leave_through_a_link():
    """What was checked is what the kernel sees: `..` goes up in the text, not behind the link."""
    d = fresh_dir(c, "t")
    os.makedirs(d + "/deep/down")
    os.symlink(d + "/deep/down", d + "/link")
    c.psql(copy(d + named("/link/../f"), keys(1)))
    assert sorted(os.listdir(d)) == ["deep", named("f"), "link"] and os.listdir(d + "/deep") == ["down"]


def test_long_paths():
    d = fresh_dir(c, "t")
    refused(d + "/" + "x" * 256, "42602")
    refused(d + "/" + "y" * 256 + "/f", "42602")
    refused("/" + "d/" * 2000 + "f", "42602", "too long")
    for name in ["x" * 255, "ä" * 127, "z" * 250 + named("")]:
        c.psql(copy(d + "/" + name, keys(2)))
        assert_keys(d + "/" + name, 2)
        c.psql(copy(d + "/" + name, keys(3)))  # hidden names must fit, too
        assert_keys(d + "/" + name, 3)
    assert len(os.listdir(d)) == 3


def test_long_names_of_sets():
    d = fresh_dir(c, "t")
    stem = "x" * (255 - len("_000" + named("")))
    c.psql(copy(d + "/" + stem + named(""), keys(3), max_rows_per_file=1))
    assert sorted(os.listdir(d)) == [named("%s_%03d") % (stem, i) for i in range(3)]
    c.psql(copy(d + "/" + stem + named(""), keys(3), max_rows_per_file=1))
    refused(d + "/" + "y" + stem + named(""), "42602", max_rows_per_file=1)
    refused(d + "/" + "y" * 242 + named(""), "42602", manifest="on")
    assert len(os.listdir(d)) == 3


def test_odd_names_are_only_names():
    d = fresh_dir(c, "t")
    for name in [named("a b"), named("new\nline"), named("%d%s%n"), named("'quote'"), named('"double"'), "-rf", ".hidden",
                 "back\\slash", named("ünï"), "$(touch x)", "*"]:
        c.psql(copy(d + "/" + name, keys(2)))
        assert_keys(d + "/" + name, 2)
    assert len(os.listdir(d)) == 11


def test_names_of_hidden_files():
    """A sweep would take them for what a killed export has left."""
    d = fresh_dir(c, "t")
    for name in [".keep.0123456789abcdef.spout-tmp", ".f.avro.ffffffffffffffff.spout-tmp", ".a.old.0000000000000000.spout-tmp",
                 ".pg_spout.0123456789abcdef.spout-tmp", "." + "x" * 227 + ".0123456789abcdef.spout-tmp"]:
        for path in (d + "/" + name, d + "/./" + name):
            e = refused(path, "42602", "is reserved for unfinished exports")
            assert ".spout-tmp" in e.hint, e.hint
        for options in ({"manifest": "on"}, {"max_rows_per_file": 1}):
            refused(d + "/" + name, "42602", "is reserved", **options)
    assert os.listdir(d) == []
    near = [".keep.0123456789abcde.spout-tmp", ".keep.0123456789ABCDEF.spout-tmp", "keep.0123456789abcdef.spout-tmp",
            ".0123456789abcdef.spout-tmp", ".keep.0123456789abcdef.spout-tmp" + named("")]
    for name in near:
        c.psql(copy(d + "/" + name, keys(2)))
        os.utime(d + "/" + name, (1, 1))
    c.psql(copy(d + named("/swept"), keys(2)))
    assert sorted(os.listdir(d)) == sorted(near + [named("swept")])


def test_derived_names():
    d = fresh_dir(c, "t")
    for name, first in [(named("out"), named("out_000")), (named("a.b"), named("a.b_000")), ("out", "out_000"),
                        (".hid", ".hid_000"), ("dot.", "dot_000."), ("100%.x", "100%_000.x"),
                        ("rot.csv.gz", "rot_000.csv.gz"), ("a.b.JSON.Zst", "a.b_000.JSON.Zst"), ("x.xml.lz4", "x_000.xml.lz4"),
                        ("x.avro.bz2", "x_000.avro.bz2"), ("a.b.gz", "a.b_000.gz"), ("x.gz", "x_000.gz"), (".csv.gz", ".csv_000.gz"),
                        ("x.gz.csv", "x.gz_000.csv"), ("csv.gz", "csv_000.gz"), ("x.csv.", "x.csv_000.")]:
        manifest = name + ".manifest.json"
        path = fresh_dir(c, "t") + "/" + name
        c.psql(copy(path, keys(2), max_rows_per_file=2, manifest="on"))
        assert sorted(os.listdir(d)) == sorted([first, manifest]), (name, os.listdir(d))
        path = fresh_dir(c, "t") + "/" + name
        c.psql(copy(path, keys(2), manifest="on"))
        assert sorted(os.listdir(d)) == sorted([name, manifest]), (name, os.listdir(d))


# --- kinds of files ------------------------------------------------------------------------------------
def test_targets_that_are_no_files():
    d = fresh_dir(c, "t")
    c.psql(copy(d + named("/real"), keys(5)))
    real = Target(d + named("/real"))
    os.symlink(d + named("/real"), d + named("/link"))
    os.symlink(d + "/nothing", d + named("/dangling"))
    os.mkfifo(d + named("/fifo"))
    s = socket.socket(socket.AF_UNIX)
    s.bind(d + named("/socket"))
    real.look()
    for name in [named("link"), named("dangling"), named("fifo"), named("socket")]:
        for options in [{}, {"if_exists": "error"}]:
            refused(d + "/" + name, "42809", "is not a regular file", **options)
    for path in ["/dev/zero", "/dev/full", "/dev/tty"]:
        refused(path, "42809", "is not a regular file")
    real.assert_untouched()
    s.close()


def test_members_of_a_set_that_are_no_files():
    d = fresh_dir(c, "t")
    os.symlink("/etc/passwd", d + named("/s_001"))
    refused(d + named("/s"), "42809", named("s_001"), max_rows_per_file=1)
    os.remove(d + named("/s_001"))
    os.mkdir(d + named("/s") + ".manifest.json")
    refused(d + named("/s"), "42809", "is a directory", max_rows_per_file=1, manifest="on")
    assert os.listdir(d) == [named("s") + ".manifest.json"]


def test_null_device():
    rows = c.psql("SELECT path, rows FROM export_to_%s('%s', '/dev/null')" % (formats.current, keys(7).replace("'", "''")))
    assert rows == [["/dev/null", "7"]], rows
    c.psql(copy("/dev/../dev//null", keys(7)))
    c.psql(copy("/dev/null", keys(7), max_rows_per_file=2, manifest="on"))
    assert not os.path.isfile("/dev/null")


def test_parents_may_be_links():
    d = fresh_dir(c, "t")
    os.mkdir(d + "/real")
    os.chmod(d + "/real", 0o777)
    os.symlink("real", d + "/link")
    c.psql(copy(d + named("/link/f"), keys(2)))
    assert_keys(d + named("/real/f"), 2)


def test_parent_is_a_file_or_missing_or_locked():
    d = fresh_dir(c, "t")
    open(d + "/file", "w").close()
    e = refused(d + named("/file/f"), "42809")
    e = refused(d + named("/absent/f"), "58P01", d + "/absent")
    assert "server process" in e.hint, e.hint
    os.symlink("loop", d + "/loop")
    refused(d + named("/loop/f"), "42602")


def test_directory_without_rights():
    d = fresh_dir(c, "t")
    c.psql(copy(d + named("/f"), keys(5)))
    for mode, path in [(0o500, d + named("/new")), (0o500, d + named("/f")), (0o000, d + named("/f"))]:
        t = Target(d + named("/f"))
        os.chmod(d, mode)
        try:
            e = c.error(copy(path, keys(9)))
            assert e.sqlstate == "42501" and d in e.message and "server process" in e.hint, e
        finally:
            os.chmod(d, 0o700)
        t.assert_untouched()
    e = refused(named("/proc/f"), "58P01") if os.geteuid() != 0 else None


def test_file_of_another_owner_is_replaced_if_the_directory_allows():
    require(os.geteuid() == 0, "needs root to make a file of another owner")
    d = fresh_dir(c, "t")
    with open(d + named("/f"), "w") as f:
        f.write("root's")
    os.chmod(d + named("/f"), 0o600)
    c.psql(copy(d + named("/f"), keys(5)))
    assert_keys(d + named("/f"), 5)
    assert os.stat(d + named("/f")).st_mode & 0o777 == 0o600
    os.chmod(d, 0o1777)  # sticky: only the owner may
    os.chown(d, 0, 0)
    with open(d + named("/g"), "w") as f:
        f.write("root's")
    os.chmod(d + named("/g"), 0o644)
    t = Target(d + named("/g"))
    assert c.error(copy(t.path, keys(5))).sqlstate == "42501"
    t.assert_untouched()


def test_read_only_file_system():
    require(os.geteuid() == 0, "needs root to mount")
    d = fresh_dir(c, "ro")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", d], capture_output=True, text=True)
    require(done.returncode == 0, "cannot mount: " + done.stderr.strip())
    try:
        assert c.error(copy(d + named("/f"), keys(1))).sqlstate == "42501"
    finally:
        subprocess.check_call(["umount", d])


# --- the server's own directories ----------------------------------------------------------------------
def test_data_directory():
    d = fresh_dir(c, "t")
    os.symlink(c.data, d + "/data")
    os.symlink(c.data + "/base", d + "/base")
    inside = [c.data, c.data + "/base", c.data + "/base/1", c.data + "/pg_wal", d + "/data", d + "/base",
              d + "/data/global", c.data + "/../" + os.path.basename(c.data)]
    for parent in inside:
        e = refused(parent + named("/f"), "42501", "inside the data directory")
        assert named("f") in e.message
        assert not os.path.exists(parent + named("/f"))
    refused(c.data + "/postgresql.conf", "42501")


def test_neighbours_of_the_data_directory():
    for name in [c.data + "2", c.data + "-export"]:
        os.makedirs(name, exist_ok=True)
        os.chmod(name, 0o777)
        c.psql(copy(name + named("/f"), keys(1)))
    if c.user:
        os.chmod(c.base, 0o755)
        c.run_as_server("chmod", "777", c.base)
    c.psql(copy(c.base + named("/f"), keys(1)))  # the parent holds the data directory, and is not inside it


def test_tablespaces():
    d = fresh_dir(c, "t")
    c.run_as_server("mkdir", d + "/space")
    c.psql("CREATE TABLESPACE apart LOCATION '%s/space'" % d)
    version = os.listdir(d + "/space")[0]
    refused(d + named("/space/f"), "42501", "inside the data directory")
    refused(named("%s/space/%s/f") % (d, version), "42501", "inside the data directory")
    c.psql(copy(d + named("/f"), keys(1)))
    c.psql("DROP TABLESPACE apart")
    c.psql(copy(d + named("/space/f"), keys(1)))


def test_bind_mount_of_the_data_directory():
    require(os.geteuid() == 0, "needs root to bind-mount")
    d = fresh_dir(c, "t")
    os.mkdir(d + "/bound")
    done = subprocess.run(["mount", "--bind", c.data, d + "/bound"], capture_output=True, text=True)
    require(done.returncode == 0, "cannot bind-mount: " + done.stderr.strip())
    try:
        refused(d + named("/bound/f"), "42501", "inside the data directory")
        refused(d + named("/bound/base/f"), "42501", "inside the data directory")
    finally:
        subprocess.check_call(["umount", d + "/bound"])


# --- if_exists -----------------------------------------------------------------------------------------
def test_if_exists():
    d = fresh_dir(c, "t")
    c.psql(copy(d + named("/f"), keys(1), if_exists="error"))
    t = Target(d + named("/f"))
    e = refused(t.path, "58P02", "already exists", if_exists="error")
    assert "replace" in e.hint
    t.assert_untouched()
    c.psql(copy(d + named("/f"), keys(2), if_exists="replace"))
    assert_keys(t.path, 2)


def test_target_that_changes_meanwhile():
    """F becomes something else while the query runs: the export's own query does it."""
    d = fresh_dir(c, "t")
    c.psql("CREATE EXTENSION IF NOT EXISTS plpgsql")
    c.psql("""CREATE OR REPLACE FUNCTION sh(command text) RETURNS int LANGUAGE plpgsql AS
        $$ BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'cat >/dev/null; ' || command); RETURN 1; END $$""")
    for command, state in [("ln -s /etc/passwd %s", "42809"), ("mkfifo %s", "42809"), ("mkdir %s", "42809")]:
        path = fresh_dir(c, "t") + named("/f")
        e = c.error(copy(path, "SELECT sh('%s')" % (command % path)))
        assert e.sqlstate == state, e
        assert os.listdir(d) == [named("f")]
        assert os.path.islink(path) or not os.path.isfile(path)
    path = fresh_dir(c, "t") + named("/f")
    e = c.error(copy(path, "SELECT sh('echo theirs > %s')" % path, if_exists="error"))
    assert e.sqlstate == "58P02" and open(path).read() == "theirs\n", e
    c.psql(copy(path, "SELECT sh('rm %s')::bigint" % path))  # gone again: created
    assert_keys(path, 1)


def test_parent_that_moves_meanwhile():
    """All calls stay in the directory that was checked, wherever its name leads later."""
    d = fresh_dir(c, "t")
    os.mkdir(d + "/a")
    os.chmod(d + "/a", 0o777)
    c.psql(copy(d + named("/a/f"), "SELECT sh('mv %s/a %s/b; mkdir %s/a')::bigint" % (d, d, d)))
    assert os.listdir(d + "/b") == [named("f")] and os.listdir(d + "/a") == []
    e = c.error(copy(d + named("/b/g"), "SELECT sh('rm -r %s/b')::bigint" % d))
    assert e.sqlstate in ("58P01", "58030", "42501"), e  # file systems differ about removed directories
    assert sorted(os.listdir(d)) == ["a"]


def test_zz_log_is_clean():
    assert_clean_log(c)


if __name__ == "__main__":
    harness.main()
