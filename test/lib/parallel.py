"""parallel.py - what the tests of parallel exports share: a cluster that uses workers for small tables, tables, COPY
statements in any format, foreign readers, and what must not be left behind.
"""
import json
import os
import subprocess
from collections import Counter

from .cluster import Cluster
from .harness import require
from .promise import hidden
from .wire import Wire

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PYTHON = os.path.join(ROOT, ".venv", "bin", "python")
READER = os.path.join(ROOT, "test", "interop", "readers", "read_rows.py")
TEXT_CODECS = ("none", "gzip", "zstd", "lz4")
CODECS = {"avro": ("null", "snappy", "deflate", "zstandard", "bzip2", "xz"), "csv": TEXT_CODECS, "json": TEXT_CODECS,
          "xml": TEXT_CODECS}
CONF = {"max_worker_processes": 20, "max_parallel_workers": 16, "max_parallel_workers_per_gather": 2,
        "min_parallel_table_scan_size": 0, "min_parallel_index_scan_size": 0, "parallel_setup_cost": 0,
        "parallel_tuple_cost": 0, "max_connections": 30}
ROWS = 6000
TABLES = """
    CREATE TABLE t AS SELECT n::bigint AS id, n % 17 AS kind, md5(n::text) || md5((n * 7)::text) AS name,
        n * 1.25 AS price, timestamptz '2024-01-01 00:00 UTC' + n * interval '1 minute' AS at, n % 3 = 0 AS good,
        CASE WHEN n % 5 > 0 THEN jsonb_build_object('n', n, 'text', E'a "quoted"\\n<line>') END AS doc,
        CASE WHEN n % 4 > 0 THEN ARRAY[n, NULL, -n] END AS list
        FROM generate_series(1, 6000) n;
    CREATE TABLE kinds AS SELECT n AS kind, 'kind ' || n AS name FROM generate_series(0, 12) n;
    CREATE TABLE parted (id bigint, name text) PARTITION BY RANGE (id);
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (100);
    CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (100) TO (3000);
    CREATE TABLE parted_3 PARTITION OF parted FOR VALUES FROM (3000) TO (9999);
    INSERT INTO parted SELECT id, name FROM t;
    CREATE INDEX ON kinds (kind);
    CREATE TABLE toasted (id bigint, v text, w text);
    ALTER TABLE toasted ALTER v SET STORAGE EXTERNAL;
    INSERT INTO toasted SELECT n, repeat(chr(97 + n % 26), (n % 7) * 3001), repeat('z' || n, n % 5000)
        FROM generate_series(1, 1500) n;
    ANALYZE;
"""


def parallel_cluster(conf=None, env=None):
    require(os.path.exists(PYTHON), "no .venv with foreign readers: tools/setup.sh test")
    c = Cluster(dict(CONF, **(conf or {})), preload=True, env=env)
    try:
        c.psql("CREATE EXTENSION pg_spout")
        c.psql(TABLES)
    except BaseException:
        c.remove()
        raise
    return c


def options(form, **more):
    more.setdefault("compression", CODECS[form][0])
    return ", ".join(["FORMAT '%s'" % form] + ["%s '%s'" % item for item in more.items()])


def copy(query, path, form=None, **more):
    return "COPY (%s) TO '%s' WITH (%s)" % (query, path, options(form or path.rpartition(".")[2], **more))


LAST = "SELECT l->>'shape', l->>'workers_planned', l->>'workers', l->>'rows', l->>'why_not_parallel' FROM last_export() l"


class Last:
    """last_export() of the session that ran `sql`."""

    def __init__(self, c, sql, settings=(), run=None):
        script = "".join("SET %s = '%s';\n" % item for item in dict(settings).items()) + sql + ";\n" + LAST
        row = (run or c.psql)(script)[-1]
        self.shape, self.why = row[0], row[4]
        self.planned, self.launched, self.rows = (int(n) for n in row[1:4])


def read(*paths):
    """[(key, digest)] of all files together, by a foreign reader in a process of its own."""
    done = subprocess.run([PYTHON, READER, *paths], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr[-3000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(paths)
    return [(key, digest) for rows in found for key, digest in rows]


def same_rows(serial, parallel, what=""):
    """The same multiset, whatever the order."""
    a, b = Counter(serial), Counter(parallel)
    assert a == b, "%s: %d rows lost, such as %s; %d too many, such as %s" % (
        what, (a - b).total(), list((a - b))[:3], (b - a).total(), list((b - a))[:3])


def stdout_of(c, statement, **settings):
    """Bytes that a client gets, and its tag."""
    with Wire(c) as w:
        for name, value in settings.items():
            w.copy("SET %s = '%s'" % (name, value))
        out = w.copy(statement)
        assert out.done and not out.error, out.error
        return b"".join(out.messages), out.tag


# --- what must not be left behind ------------------------------------------------------------------------------
def workers(c):
    """Process ids of the server's parallel workers."""
    found = []
    for pid in c.children():
        try:
            with open("/proc/%d/cmdline" % pid) as f:
                if "parallel worker" in f.read():
                    found.append(pid)
        except OSError:
            pass
    return found


def shared_segments(c):
    """Dynamic shared memory that a process of the server has mapped, but for what it has always mapped."""
    found = set()
    for pid in c.children():
        try:
            with open("/proc/%d/maps" % pid) as f:
                found |= {line.split()[-1] for line in f if "/dev/shm/PostgreSQL." in line}
        except (OSError, IndexError):
            pass
    return found


def hidden_names(directory):
    return hidden(directory)


def total_files(paths):
    return sum(os.path.getsize(p) for p in paths)
