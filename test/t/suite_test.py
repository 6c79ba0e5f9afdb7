"""suite_test.py - what the suite says of itself: a full disk is told as one, a busy machine decides nothing, and any
temporary directory will do.
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness, space  # noqa: E402
from lib.cluster import SOCKET_NAME, SOCKET_PATH, Cluster  # noqa: E402
from lib.limits import assert_steady  # noqa: E402

TEST = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILLS_THE_DISK = """
import os, time
def test_before(): pass
def test_fills():
    with open(os.environ["TMPDIR"] + "/filler", "wb") as f:
        f.write(bytes(%d))
    time.sleep(0.5)
    os.unlink(f.name)  # as a failed export gives its space back
    assert False, "some consequence"
def test_after(): assert False, "another"
"""


def run_file(directory, program, needed):
    """How a test file of that text ends where the temporary directory is a disk of 16 MB."""
    harness.require(os.geteuid() == 0, "needs root to mount a small file system")
    disk, path = os.path.join(directory, "disk"), os.path.join(directory, "some_test.py")
    os.mkdir(disk)
    with open(path, "w") as f:
        f.write(program)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=777", "tmpfs", disk], capture_output=True, text=True)
    harness.require(done.returncode == 0, "cannot mount tmpfs: " + done.stderr.strip())
    try:
        return subprocess.run([sys.executable, os.path.join(TEST, "run.py"), "--file", path], capture_output=True, text=True,
                              env=dict(os.environ, TMPDIR=disk, SPOUT_NEEDED_SPACE=str(needed)))
    finally:
        subprocess.check_call(["umount", disk])


def failures(done):
    return [line for line in done.stdout.splitlines() if line.startswith("FAILED")]


def test_a_full_disk_is_one_failure():
    with tempfile.TemporaryDirectory(prefix="spout-suite-") as d:
        done = run_file(d, FILLS_THE_DISK % (10 << 20), 16 << 20)
        assert done.returncode == space.STATUS and len(failures(done)) == 1, done
        assert "the disk is full: %s/disk (TMPDIR) has 6 MB left while tests ran" % d in failures(done)[0], done.stdout
        assert "some_test.test_before" in done.stdout and "consequence" not in done.stdout, done.stdout


def test_a_disk_that_is_full_before_the_tests():
    with tempfile.TemporaryDirectory(prefix="spout-suite-") as d:
        done = run_file(d, FILLS_THE_DISK % 0, 17 << 20)
        assert done.returncode == space.STATUS and len(failures(done)) == 1, done
        assert "has 16 MB left before the tests, tests need 17 MB" in failures(done)[0], done.stdout


def test_failures_on_a_disk_with_room_are_failures():
    with tempfile.TemporaryDirectory(prefix="spout-suite-") as d:
        done = run_file(d, FILLS_THE_DISK % (1 << 20), 16 << 20)
        assert done.returncode == 1 and done.stdout.endswith("1 passed, 2 failed, 0 skipped\n"), done


def grows(sizes):
    """Whether assert_steady says so of something that has size sizes[n] after n repetitions, the last one from then on."""
    done = [0]

    def work(n):
        done[0] += n
    try:
        assert_steady(work, lambda: {"size": sizes(done[0])}, 10, {"size": 100})
    except AssertionError:
        return True
    return False


def test_a_leak_is_told_from_a_step():
    assert not grows(lambda n: 5000)
    assert not grows(lambda n: 9 * n)
    assert not grows(lambda n: 5000 if n > 3 else 0)
    assert not grows(lambda n: 5000 if n > 3 else 0 if n > 25 else 9000)
    assert grows(lambda n: 11 * n)
    assert grows(lambda n: 5000 + 11 * n)


def test_a_long_temporary_directory():
    """Files lie where TMPDIR says, sockets where their names fit."""
    with tempfile.TemporaryDirectory(prefix="spout-suite-") as d:
        os.chmod(d, 0o755)
        long = os.path.join(d, "x" * 100)
        os.mkdir(long)
        before = tempfile.tempdir
        tempfile.tempdir = long
        try:
            with Cluster() as c:
                assert c.base.startswith(long) and len(c.sockets + SOCKET_NAME) <= SOCKET_PATH
                assert c.psql("SELECT 1") == [["1"]]
            assert os.listdir(long) == [] and not os.path.exists(c.sockets)
        finally:
            tempfile.tempdir = before


def test_a_temporary_directory_that_the_server_cannot_reach():
    harness.require(os.geteuid() == 0, "the server has our account")
    with tempfile.TemporaryDirectory(prefix="spout-suite-") as d:
        before = tempfile.tempdir
        tempfile.tempdir = d
        try:
            Cluster()
            raise AssertionError("started")
        except RuntimeError as e:
            assert "TMPDIR must lie where it may go" in str(e), e
        finally:
            tempfile.tempdir = before


if __name__ == "__main__":
    harness.main()
