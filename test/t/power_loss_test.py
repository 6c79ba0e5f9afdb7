#!/usr/bin/env python3
"""power_loss_test.py - the promise for files when the machine loses power, at every step of an export.

A small ext4 in a loop device is shut down without flushing its journal (FS_IOC_SHUTDOWN): what was not synced
is lost, as in a power cut. After mounting it again, the target is the old file or the new one, whole; and the
new one for certain once the export had returned. Needs root and loop devices.
"""
import fcntl
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import formats, harness  # noqa: E402
from lib.formats import named  # noqa: E402
from lib.harness import require  # noqa: E402
from lib.promise import (Faults, Torn, assert_clean_log, assert_keys, copy, fresh_dir, hidden, keys,  # noqa: E402
                         read_back, spout_cluster, stopped, wait_for)

FS_IOC_SHUTDOWN = 0x8004587D
NOLOGFLUSH = 2  # the journal in memory is lost, too
MOUNT = ["mount", "-o", "loop,commit=300"]  # nothing reaches the disk in time by itself

VARIANTS = formats.chosen()
use_variant = formats.use

c = faults = work = disk = session = None


def setup_module():
    global c, faults, work, disk, session
    require(os.geteuid() == 0, "power loss needs root for a loop-mounted ext4")
    work = tempfile.TemporaryDirectory(prefix="spout-power-")
    faults = Faults(work.name)
    c = spout_cluster(env=faults.env("/out/disk"))
    disk = fresh_dir(c, "disk")
    image = os.path.join(work.name, "ext4.img")
    with open(image, "wb") as f:
        f.truncate(64 << 20)
    made = subprocess.run(["mkfs.ext4", "-q", "-F", image], capture_output=True, text=True)
    require(made.returncode == 0, "cannot make an ext4: " + made.stderr.strip())
    tried = subprocess.run(MOUNT + [image, disk], capture_output=True, text=True)
    require(tried.returncode == 0, "cannot mount a loop device: " + tried.stderr.strip())
    os.chmod(disk, 0o777)
    sync_disk()
    session = c.session()
    session.run("SET pg_spout.min_free_space = 0")
    try:
        lose_power()
    except OSError as e:
        require(False, "this kernel cannot shut a file system down: %s" % e)
    restore_power()


def teardown_module():
    if disk and os.path.ismount(disk):
        subprocess.run(["umount", disk])
    if c:
        c.remove()
    if work:
        work.cleanup()


def lose_power():
    fd = os.open(disk, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(fd, FS_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))
    finally:
        os.close(fd)


def restore_power():
    subprocess.check_call(["umount", disk])
    subprocess.check_call(MOUNT + [os.path.join(work.name, "ext4.img"), disk])


def sync_disk():
    fd = os.open(disk, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(fd)
    os.close(fd)


def clear():
    for name in os.listdir(disk):
        if name != "lost+found":
            os.remove(os.path.join(disk, name))
    sync_disk()


def cut_at(k, statement):
    """Runs the statement and cuts the power before its call k; its error, if it had one."""
    with faults("any %d 1 stop" % k):
        session.send(statement)
        wait_for(lambda: stopped(session.backend_pid), "call %d" % k)
        lose_power()
        os.kill(session.backend_pid, signal.SIGCONT)
        error = session.result().error
    assert session.run("SELECT 1") == [["1"]]
    restore_power()
    return error


def left_behind(visible):
    others = set(os.listdir(disk)) - set(visible) - {"lost+found"}
    assert others == set(hidden(disk)), others


def test_new_file_and_replaced_file_at_every_call():
    path = disk + named("/f")
    for old in (0, 10):
        def prepare():
            clear()
            if old:
                session.run(copy(path, keys(old)))
        prepare()
        calls = faults.trace(lambda: session.run(copy(path, keys(1000))))
        seen = set()
        for k, call in enumerate(calls):
            prepare()
            error = cut_at(k, copy(path, keys(1000)))
            rows = read_back(path)[0] if os.path.exists(path) else 0
            assert rows in (old, 1000), (k, call, rows)
            assert error or rows == 1000, "success was returned, the file is lost: %s" % (call,)
            if rows:
                assert_keys(path, rows)
            seen.add(rows)
            left_behind([named("f")])
        assert old in seen, seen


def test_success_is_durable():
    """No call after the last one: power goes as soon as the client has its answer."""
    path = disk + named("/f")
    for options in ({}, {"max_rows_per_file": 300, "manifest": "on"}):
        clear()
        session.run(copy(path, keys(1000), **options))
        lose_power()
        restore_power()
        if not options:
            assert_keys(path, 1000)
        else:
            assert sum(read_back(named("%s/f_%03d") % (disk, i))[0] for i in range(4)) == 1000
            assert whole_set("f") == "new"


def test_the_power_cut_is_real():
    """Without sync the same cut loses the file: what the other tests find durable is so because of us."""
    clear()
    session.run(copy(disk + named("/f"), keys(1000), sync="off"))
    lose_power()
    restore_power()
    assert not os.path.exists(disk + named("/f"))


def file_rows(name):
    path = os.path.join(disk, name)
    return read_back(path)[0] if os.path.exists(path) else None


def whole_set(stem):
    """Checks each file of a set, and that a new manifest lists only durable files; 'new' if it is new."""
    with open(os.path.join(disk, named(stem) + ".manifest.json")) as f:
        manifest = json.load(f)
    for entry in manifest["files"]:
        rows = file_rows(entry["name"])
        assert rows is not None, entry
    new = [e for e in manifest["files"] if file_rows(e["name"]) == e["rows"]]
    return "new" if len(new) == len(manifest["files"]) and manifest["rows"] == 1000 else "old"


def test_set_at_every_publishing_call():
    """Each file is whole, and a manifest that names the new run finds all of its files."""
    path = disk + named("/s")
    statement = copy(path, keys(1000), max_rows_per_file=300, manifest="on")

    def prepare():
        clear()
        session.run(copy(path, keys(40), max_rows_per_file=10, manifest="on"))
    prepare()
    calls = faults.trace(lambda: session.run(statement))
    first = min(i for i, x in enumerate(calls) if x[0] in ("exchange", "noreplace"))
    for k in range(first, len(calls)):
        prepare()
        error = cut_at(k, statement)
        sizes = [file_rows(named("s_%03d") % i) for i in range(4)]
        assert all(n in (10, 300, 100) for n in sizes), (k, sizes)
        with open(disk + named("/s") + ".manifest.json") as f:
            rows = json.load(f)["rows"]
        assert rows in (40, 1000)
        if rows == 1000:
            assert sizes == [300, 300, 300, 100], (calls[k], sizes)
        assert error or rows == 1000, calls[k]
        left_behind([named("s_%03d") % i for i in range(4)] + [named("s") + ".manifest.json"])


def test_random_times():
    path = disk + named("/f")
    old, new = 100, 100_000
    start = time.monotonic()
    session.run(copy(path, keys(new)))
    seconds = time.monotonic() - start
    seed = int(os.environ.get("SPOUT_SEED", random.randrange(2**32)))
    dice = random.Random(seed)
    for n in range(formats.rounds("SPOUT_POWER_ROUNDS", 20, others=5)):
        clear()
        session.run(copy(path, keys(old)))
        session.send(copy(path, keys(new)))
        time.sleep(dice.uniform(0, seconds * 1.2))
        lose_power()
        error = session.result().error
        restore_power()
        try:
            rows, found = read_back(path)
        except Torn as e:
            raise AssertionError("round %d, seed %d: %s" % (n, seed, e)) from None
        # An export that succeeded only after the cut is impossible; one before it must have lasted.
        assert rows in (old, new) and found == list(range(1, rows + 1)), (n, seed, rows)
        assert error or rows == new, (n, seed)
        left_behind([named("f")])


def test_zz_log_is_clean():
    assert_clean_log(c)


if __name__ == "__main__":
    harness.main()
