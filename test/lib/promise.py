"""promise.py - what the tests of the file promise share: statements, targets, processes, faults.

Of the format that formats.use() chose last. Whether values are right is judged by test/interop.
"""
import errno
import os
import re
import shutil
import signal
import time

from . import formats, native
from .avro_file import Torn  # noqa: F401 (for tests)
from .cluster import Cluster
from .limits import prompt

HIDDEN = re.compile(r"^\..+\.[0-9a-f]{16}\.spout-tmp$")
SHIM = os.path.join(os.path.dirname(__file__), "..", "shim", "fault_shim.c")


# --- SQL -----------------------------------------------------------------------------------------------
def keys(n, start=1):
    """A query for n rows with the keys start, start + 1, ...; it streams, however many they are."""
    return "SELECT g AS id, 'row ' || g AS name FROM (SELECT generate_series(%d::bigint, %d) AS g) s" % (
        start, start + n - 1)


def copy(path, query, **options):
    """A COPY statement in the current format. Uncompressed unless told; since it names a codec, CSV is ours, too."""
    options.setdefault("compression", formats.current.plain)
    words = ["FORMAT '%s'" % formats.current]  # json is a word of the grammar in some majors
    words += ["%s '%s'" % (k, v) for k, v in options.items()]
    return "COPY (%s) TO '%s' WITH (%s)" % (query, path.replace("'", "''"), ", ".join(words))


def spout_cluster(conf=None, env=None):
    """A cluster with the extension, loaded for every session."""
    c = Cluster(conf, preload=True, env=env)
    try:
        c.psql("CREATE EXTENSION pg_spout")
    except BaseException:
        c.remove()
        raise
    return c


# --- reading back ------------------------------------------------------------------------------------------
def read_back(path):
    """(rows, keys): the number of rows of a file, and the first column of each, by a reader that is not ours.
    Raises Torn unless the file is whole. Compressed Avro gives no keys."""
    with open(path, "rb") as f:
        return formats.current.keys(f.read())


def assert_keys(path, n, start=1):
    """The file is whole and holds exactly the rows of keys(n, start)."""
    rows, found = read_back(path)
    assert rows == n and found == list(range(start, start + n)), "%s: %d rows, expected %d" % (path, rows, n)


# --- targets -------------------------------------------------------------------------------------------
class Target:
    """A path, and what stood there when we looked."""

    def __init__(self, path):
        self.path = path
        self.dir, self.name = os.path.split(path)
        self.look()

    def state(self):
        try:
            st = os.lstat(self.path)
            with open(self.path, "rb") as f:
                return st.st_ino, st.st_mtime_ns, st.st_mode, f.read()
        except FileNotFoundError:
            return None

    def look(self):
        self.before = self.state()
        self.names = sorted(os.listdir(self.dir))
        return self

    def assert_untouched(self, names=True):
        """Same inode, time, mode, bytes (or still absent); and no new name in the directory."""
        now = self.state()
        assert (now is None) == (self.before is None), "%s: %s" % (self.path, "is new" if now else "is gone")
        if now:
            assert now[:3] == self.before[:3], "%s: inode, time or mode changed" % self.path
            assert now[3] == self.before[3], "%s: bytes changed" % self.path
        if names:
            assert sorted(os.listdir(self.dir)) == self.names, os.listdir(self.dir)


def hidden(directory):
    return sorted(n for n in os.listdir(directory) if HIDDEN.match(n))


def fresh_dir(c, name):
    """An empty directory of the server's."""
    path = c.out(name)
    shutil.rmtree(path, ignore_errors=True)
    os.mkdir(path)
    if c.user:
        os.chown(path, c.user.pw_uid, c.user.pw_gid)
    return path


# --- processes -----------------------------------------------------------------------------------------
def wait_for(condition, what, timeout=60):
    deadline = time.monotonic() + prompt(timeout)
    while not (result := condition()):
        assert time.monotonic() < deadline, "waited %d s for %s" % (timeout, what)
        time.sleep(0.005)
    return result


def wait_for_rows(c, session, rows=1):
    """Until the session's export has written that many rows."""
    sql = ("SELECT 1 FROM pg_stat_progress_copy WHERE pid = %d AND tuples_processed >= %d"
           % (session.backend_pid, rows))
    wait_for(lambda: c.psql(sql), "progress of the export")


def wait_recovered(c, pid):
    """After the death of backend pid, until the server has noticed and accepts connections again."""
    wait_for(lambda: not os.path.exists("/proc/%d" % pid), "the postmaster to notice")
    wait_for(lambda: c.run("SELECT 1").error is None, "the server")


def descriptors(pid):
    """What the process has open, without sockets of no interest."""
    found = []
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            found.append(os.readlink("/proc/%d/fd/%s" % (pid, fd)))
        except FileNotFoundError:
            pass
    return found


BAD_LOG = ["PANIC", "not closed at end-of-transaction", "snapshot reference leak", "resource was not closed",
           "reference leak", "stuck spinlock"]


def assert_clean_log(c, crashes=0):
    """No sign of damage, and no process ended by a signal but by ours."""
    log = c.log
    for text in BAD_LOG:
        assert text not in log, [line for line in log.split("\n") if text in line][:3]
    ended = [line for line in log.split("\n") if "was terminated by signal" in line]
    assert len(ended) <= crashes, ended[crashes:crashes + 3]


# --- faults --------------------------------------------------------------------------------------------
class Faults:
    """The shim of test/shim in a server: `with faults("fsync 0 1 errno=5"):` around a statement."""

    def __init__(self, directory):
        self.control = os.path.join(directory, "control")
        self.library = native.shared_library(SHIM, directory, "-ldl")
        os.chmod(directory, 0o777)
        self.set()

    def env(self, scope):
        return {"LD_PRELOAD": self.library, "SPOUT_FAULT_CONTROL": self.control, "SPOUT_FAULT_SCOPE": scope}

    def set(self, *rules):
        # The number makes every control file differ from the last, so that the shim counts from zero.
        self.turn = getattr(self, "turn", 0) + 1
        with open(self.control + ".new", "w") as f:
            f.write("".join(line + "\n" for line in (*rules, "# %d" % self.turn)))
        os.chmod(self.control + ".new", 0o644)
        os.rename(self.control + ".new", self.control)

    def __call__(self, *rules):
        self.set(*rules)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.set()

    def trace(self, run):
        """The calls that run() makes on files in scope: [(call, path, result), ...]."""
        log = self.control + ".log"
        open(log, "w").close()
        os.chmod(log, 0o666)
        with self("log"):
            run()
        calls = []
        with open(log) as f:
            for line in f:
                _, call, rest = line.rstrip("\n").split(" ", 2)
                path, _, result = rest.rpartition(" ")
                calls.append((call, path, int(result)))
        os.remove(log)
        return calls


def stopped(pid):
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rpartition(")")[2].split()[0] in "Tt"


def kill9(pid):
    os.kill(pid, signal.SIGKILL)


EIO, ENOSPC, EDQUOT, EINVAL, EOPNOTSUPP = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EINVAL,
                                           errno.EOPNOTSUPP)
