"""newcomer_test.py - README.md and the tutorial as somebody follows them who has never seen pg_spout: on a server that
preloads nothing, one step at a time, each in a session of its own; directly and behind a connection pool.
"""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.pages import ROOT, blocks, run_blocks  # noqa: E402
from lib.promise import wait_for  # noqa: E402

PYTHON = os.path.join(ROOT, ".venv", "bin", "python")
POOL = """
[databases]
* = host=%(sockets)s port=5432 user=postgres
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = %(sockets)s
logfile = %(base)s/pool.log
auth_type = any
admin_users = postgres
pool_mode = transaction
"""


def setup_module():
    global c
    c = Cluster()


def teardown_module():
    c.remove()


def follow(page, connection):
    """Does what the page says, from top to bottom, with a new session for each step."""
    found = blocks(page, c.outdir)
    assert sum(b.kind == "sql" for b in found) > 3
    last = None
    for b in found:
        if b.kind == "sql":
            (last, messages), = run_blocks(c, [b], connection)
            b.assert_as_promised(messages)
        elif b.kind == "text" and last is not None:
            b.assert_shows(last)
            last = None
        elif b.kind == "python":
            harness.require(os.path.exists(PYTHON), "no .venv with foreign readers: tools/setup.sh test")
            subprocess.run([PYTHON, "-c", b.body], check=True)


def test_each_step_in_a_session_of_its_own():
    for page, db in (("README.md", "readme"), ("docs/tutorial.md", "tutorial")):
        c.psql("CREATE DATABASE " + db)
        follow(page, c.connection(db=db))


class Pool:
    """PgBouncer before the cluster; connection() is libpq's."""

    def __enter__(self):
        program = shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin")
        harness.require(program, "no pgbouncer")
        path = os.path.join(c.base, "pool.ini")
        with open(path, "w") as f:
            f.write(POOL % {"sockets": c.sockets, "base": c.base})
        os.chmod(path, 0o644)
        self.process = subprocess.Popen(c._as_server([program, "-q", path]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: os.path.exists(c.sockets + "/.s.PGSQL.6432"), "the pool", 20)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def connection(self, db):
        return dict(c.connection(db=db), PGPORT="6432")

    def run(self, sql, db="pool"):
        """What psql says of a statement in a session of its own."""
        return subprocess.run([c.bindir + "/psql", "-X", "-q", "-t", "-A", "-c", sql], text=True, capture_output=True,
                              env=dict(os.environ, **self.connection(db)))


def test_behind_a_pool():
    c.psql("CREATE DATABASE pool")
    with Pool() as pool:
        # A connection to the server that is older than the settings, and stays.
        old = pool.run("SELECT pg_backend_pid()").stdout
        c.psql("CREATE EXTENSION pg_spout; ALTER DATABASE pool SET session_preload_libraries = 'pg_spout'", db="pool")
        copy = "COPY (SELECT 1) TO '%s' WITH (FORMAT avro)" % c.out("one.avro")
        assert 'format "avro" not recognized' in pool.run(copy).stderr
        assert pool.run("SELECT pg_backend_pid()").stdout == old
        told = pool.run("RECONNECT", db="pgbouncer")
        assert not told.returncode, told
        assert not pool.run(copy).stderr and pool.run("SELECT pg_backend_pid()").stdout != old
        c.psql("DROP EXTENSION pg_spout; ALTER DATABASE pool RESET session_preload_libraries", db="pool")
        pool.run("RECONNECT", db="pgbouncer")
        follow("docs/tutorial.md", pool.connection("pool"))


if __name__ == "__main__":
    harness.main()
