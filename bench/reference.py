"""reference.py - the reference table in a private cluster: loaded once, kept in a cache, timed.

Builds on the clusters of the tests, which are thrown away after each file; ten million rows are not.
Knows how to load, start and measure; knows nothing of what is measured. Standard library only.
SPOUT_BENCH_CACHE says where the loaded clusters live (3.5 GB for 10,000,000 rows), default bench/.cache.
"""
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "test"))
from lib.cluster import Cluster  # noqa: E402 (needs the path above)

CACHE = os.environ.get("SPOUT_BENCH_CACHE") or os.path.join(HERE, ".cache")
# Defaults of PostgreSQL but for these. jit would compile the baseline's scan and nothing of ours;
# parallel workers would help the baseline alone; autovacuum and checkpoints are noise to both.
SETTINGS = {
    "shared_buffers": "128MB", "jit": "off", "max_parallel_workers_per_gather": "0", "autovacuum": "off",
    "synchronize_seqscans": "off", "checkpoint_timeout": "1h", "max_wal_size": "8GB", "fsync": "off",
    "listen_addresses": "", "wal_level": "minimal", "max_wal_senders": "0", "timezone": "UTC",
}
SHOWN = ("shared_buffers", "jit", "max_parallel_workers_per_gather", "synchronize_seqscans", "timezone")
STATEMENT_TIMEOUT = 3600  # seconds a single measurement may take


class Reference(Cluster):
    """with Reference(rows) as c: the cluster runs, `records` is loaded, the extension is fresh.
    library: a build to measure in place of the installed one (its SQL functions stay the installed ones)."""

    def __init__(self, rows, library=None):
        super().__init__(start=False, _init=False)
        self.rows, self.library = rows, library
        with open(os.path.join(HERE, "data", "records.sql"), encoding="utf-8") as f:
            self.script = f.read()
        self.server = subprocess.check_output([os.path.join(self.bindir, "postgres"), "--version"],
                                              text=True).split()[2]
        try:
            # The name says all that the content depends on, so a stale cache is never read.
            generator = hashlib.sha256(self.script.encode()).hexdigest()[:8]
            kept = os.path.join(CACHE, "pg%s-%s-%d" % (self.server.split(".")[0], generator, rows))
            if not os.path.isdir(kept):
                self.load(kept)
            self.data = kept
            self.begin()
            if not library:
                self.psql("DROP EXTENSION IF EXISTS pg_spout CASCADE")
            self.psql("CREATE EXTENSION IF NOT EXISTS pg_spout_bench CASCADE")
        except BaseException:
            self.remove()
            raise

    def begin(self):
        with open(os.path.join(self.data, "postgresql.conf"), "w", encoding="utf-8"):
            pass
        self.configure(unix_socket_directories=self.sockets, **SETTINGS)
        self.start()

    def load(self, kept):
        """Into a directory of its own that is renamed last: the cache never holds half a table."""
        print("loading %d rows, once" % self.rows, file=sys.stderr, flush=True)
        os.makedirs(CACHE, exist_ok=True)
        fresh = tempfile.mkdtemp(prefix=".loading-", dir=CACHE)
        try:
            if self.user:
                os.chown(fresh, self.user.pw_uid, self.user.pw_gid)
            self.data = fresh
            self._initdb(())
            self.begin()
            self.psql(self.script, timeout=STATEMENT_TIMEOUT, variables={"rows": self.rows})
            self.stop()
            os.rename(fresh, kept)
        except BaseException:
            self.stop()
            shutil.rmtree(fresh, ignore_errors=True)
            raise

    def remove(self):
        self.stop()  # cleanly: the cache must not need crash recovery
        super().remove()

    def timer(self):
        return Timer(self)

    def environment(self):
        """What a figure depends on, in two lines."""
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            cpu = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "unknown CPU")
        return "PostgreSQL %s, %d x %s, %s %s\n%s" % (
            self.server, os.cpu_count(), cpu, os.uname().sysname, os.uname().release,
            ", ".join("%s=%s" % (k, SETTINGS[k]) for k in SHOWN))


class Sample:
    """wall: seconds a client waits. cpu: user and system seconds of the backend, in steps of 10 ms; a busy
    neighbour stretches wall, but hardly cpu."""

    def __init__(self, wall, cpu):
        self.wall, self.cpu = wall, cpu


class Timer:
    """One backend that runs all statements of a comparison."""

    def __init__(self, cluster):
        self.session = cluster.session()
        self.pid = self.session.backend_pid
        self.session.run("LOAD '%s'" % (cluster.library or "pg_spout"))

    def measure(self, sql, settle=True):
        if settle:
            os.sync()  # nobody pays for another's dirty pages
        cpu, start = self.cpu_seconds(), time.perf_counter()
        self.session.run(sql, timeout=STATEMENT_TIMEOUT)
        return Sample(time.perf_counter() - start, self.cpu_seconds() - cpu)

    def cpu_seconds(self):
        with open("/proc/%d/stat" % self.pid, encoding="utf-8") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
