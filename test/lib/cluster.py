"""cluster.py - private, throw-away PostgreSQL clusters for tests, benchmarks and the demo.

A cluster lives in one temporary directory, listens on a Unix socket only, runs as a user that is not
root, and is removed whatever happens. Standard library only; knows nothing of pg_spout but its name.

    with Cluster(preload=True) as c:
        c.psql("CREATE EXTENSION pg_spout")
        assert c.psql("SELECT 1, NULL") == [["1", None]]
        state, message, detail, hint = c.error("SELECT 1/0")
        s = c.session(); s.run("BEGIN"); s.send("SELECT pg_sleep(60)"); ...; s.result()

Everything lies below TMPDIR, which the server's account must be able to reach. Set SPOUT_KEEP=1 to keep the directory of
a cluster for a post-mortem.
"""
import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

from .psql import Result, Session, SqlError, psql_command, psql_env  # noqa: F401 (names for tests)

START_TIMEOUT = 60  # seconds; crash recovery of a test cluster takes far less
SOCKET_PATH = 107  # bytes: the kernel's limit for the path of a Unix socket
SOCKET_NAME = "/.s.PGSQL.5432.lock"
DEFAULTS = {
    "fsync": "off",  # pg_spout's own fsync does not look at it
    "listen_addresses": "",
    "shared_buffers": "64MB",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
}


def bindir():
    """Where initdb and postgres are; PG_CONFIG chooses among several servers."""
    config = os.environ.get("PG_CONFIG", "pg_config")
    return subprocess.check_output([config, "--bindir"], text=True).strip()


def server_user():
    """The account a server runs as: ourselves, or `postgres` when we are root, which it refuses."""
    if os.geteuid() != 0:
        return None
    return pwd.getpwnam(os.environ.get("SPOUT_SERVER_USER", "postgres"))


def socket_directory(wanted):
    """wanted, or where a long TMPDIR leaves no room for a socket's name a directory of its own with a short one. It holds
    no data, so a small disk will do."""
    if len(os.fsencode(wanted + SOCKET_NAME)) <= SOCKET_PATH:
        return wanted
    for short in ("/tmp", "/var/tmp", "/dev/shm"):
        if os.access(short, os.W_OK):
            return tempfile.mkdtemp(prefix="spout-", dir=short)
    raise RuntimeError("TMPDIR is too long for a Unix socket, and no other directory can be written to")


class Cluster:
    """conf: settings for postgresql.conf. preload: True, or a whole shared_preload_libraries list.
    initdb: more arguments, such as ["-E", "LATIN1"]. env: for the server only, such as LD_PRELOAD. groups: ids of further
    groups that the server's account is in, in place of its own; needs root."""

    def __init__(self, conf=None, preload=False, initdb=(), env=None, start=True, groups=None, _init=True):
        self.bindir = bindir()
        self.user = server_user()
        self.env = dict(env or {})
        self.groups = groups
        self.process = None
        self.sessions = []
        self.base = tempfile.mkdtemp(prefix="spout-")
        self.data = os.path.join(self.base, "data")
        self.sockets = socket_directory(os.path.join(self.base, "s"))
        self.outdir = os.path.join(self.base, "out")
        self.logfile = os.path.join(self.base, "log")
        atexit.register(self.remove)
        os.chmod(self.base, 0o755)
        for d in (self.sockets, self.outdir):
            os.makedirs(d, exist_ok=True)
            os.chmod(d, 0o777)
        if self.user:
            for d in (self.base, self.sockets, self.outdir):
                os.chown(d, self.user.pw_uid, self.user.pw_gid)
        if _init:
            try:
                self._check_reach()
                self._initdb(initdb)
                settings = dict(DEFAULTS, unix_socket_directories=self.sockets)
                if preload:
                    settings["shared_preload_libraries"] = "pg_spout" if preload is True else preload
                settings.update(conf or {})
                self.configure(**settings)
                if start:
                    self.start()
            except BaseException:
                self.remove()
                raise

    # --- life ------------------------------------------------------------------------------------
    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def _as_server(self, command):
        """The command under the server's account; it dies with us, so that nothing is left behind."""
        account = []
        if self.user:
            account = ["--reuid", str(self.user.pw_uid), "--regid", str(self.user.pw_gid)]
            account += ["--groups", ",".join(map(str, self.groups))] if self.groups else ["--init-groups"]
        return ["setpriv", *account, "--pdeathsig", "QUIT", "--", *command]

    def run_as_server(self, *command, **kwargs):
        """Runs a program as the server's account, in the cluster's directory; returns its output."""
        kwargs.setdefault("text", True)
        done = subprocess.run(self._as_server(command), cwd=self.base, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, **kwargs)
        if done.returncode:
            raise RuntimeError("%s failed:\n%s" % (command[0], done.stdout))
        return done.stdout

    def _check_reach(self):
        try:
            self.run_as_server("test", "-w", self.base)
        except (OSError, RuntimeError):
            raise RuntimeError("the account %s cannot write to %s: TMPDIR must lie where it may go"
                               % ((self.user or pwd.getpwuid(os.geteuid())).pw_name, self.base)) from None

    def _initdb(self, extra):
        self.run_as_server(os.path.join(self.bindir, "initdb"), "-D", self.data, "-U", "postgres",
                           "-A", "trust", "-N", "-E", "UTF8", "--locale=C", *extra)

    def configure(self, **settings):
        """Appends to postgresql.conf; takes effect with the next start or reload."""
        with open(os.path.join(self.data, "postgresql.conf"), "a") as f:
            for name, value in settings.items():
                f.write("%s = '%s'\n" % (name.replace("__", "."), str(value).replace("'", "''")))

    def start(self):
        log = open(self.logfile, "ab")
        os.chmod(self.logfile, 0o644)
        self.process = subprocess.Popen(
            self._as_server([os.path.join(self.bindir, "postgres"), "-D", self.data]), cwd=self.base,
            env=dict(os.environ, LC_ALL="C.UTF-8", **self.env), stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, start_new_session=True)
        log.close()
        deadline = time.monotonic() + START_TIMEOUT
        while not self.ready():
            if self.process.poll() is not None:
                self.process = None
                raise RuntimeError("the server did not start:\n" + self.log[-4000:])
            if time.monotonic() > deadline:
                raise RuntimeError("the server is not ready after %d s:\n%s" % (START_TIMEOUT, self.log[-4000:]))
            time.sleep(0.02)

    def ready(self):
        """True once the server of this start accepts connections."""
        try:
            with open(os.path.join(self.data, "postmaster.pid")) as f:
                lines = f.read().split("\n")
        except OSError:
            return False
        return (len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() in ("ready", "standby"))

    def stop(self, mode="fast"):
        """mode: smart, fast or immediate, as pg_ctl's."""
        if self.process:
            sign = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode]
            self._close_sessions()
            self.process.send_signal(sign)
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None

    def kill(self):
        """SIGKILL for every process of the server at once: a crash of the machine, but for the disk."""
        if self.process:
            victims = [self.pid] + self.children()
            for pid in victims:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()
            while any(os.path.exists("/proc/%d/stat" % p) for p in victims[1:]):
                time.sleep(0.01)
            self.process = None

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def remove(self):
        atexit.unregister(self.remove)
        self._close_sessions()
        try:
            self.stop("immediate")
        finally:
            if os.environ.get("SPOUT_KEEP"):
                print("kept: " + self.base, flush=True)
            else:
                shutil.rmtree(self.base, ignore_errors=True)
                shutil.rmtree(self.sockets, ignore_errors=True)

    def standby(self, conf=None):
        """A streaming standby of this cluster, started; remove() it before its primary."""
        other = Cluster(start=False, _init=False)
        try:
            self.run_as_server(os.path.join(self.bindir, "pg_basebackup"), "-h", self.sockets, "-U",
                               "postgres", "-D", other.data, "-R", "-c", "fast", "-X", "stream", "-N")
            other.configure(unix_socket_directories=other.sockets, hot_standby="on", **(conf or {}))
            other.start()
        except BaseException:
            other.remove()
            raise
        return other

    # --- facts -----------------------------------------------------------------------------------
    @property
    def pid(self):
        """Of the postmaster."""
        return self.process.pid

    @property
    def log(self):
        """The server's log so far."""
        try:
            with open(self.logfile, errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    @property
    def version(self):
        """As server_version_num: 150020."""
        return int(self.psql("SHOW server_version_num")[0][0])

    def children(self):
        """Process ids of the postmaster's children."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open("/proc/%s/stat" % entry) as f:
                        if int(f.read().rpartition(")")[2].split()[1]) == self.pid:
                            found.append(int(entry))
                except OSError:
                    pass
        return found

    def out(self, *names):
        """A path below outdir, which the server may write to."""
        return os.path.join(self.outdir, *names)

    def share(self, path):
        """Copies a file to where the server's account can read it, wherever the checkout lies."""
        copy = os.path.join(self.base, os.path.basename(path))
        shutil.copyfile(path, copy)
        os.chmod(copy, 0o755)
        return copy

    # --- SQL -------------------------------------------------------------------------------------
    def connection(self, user="postgres", db="postgres"):
        """libpq settings as environment variables."""
        return {"PGHOST": self.sockets, "PGUSER": user, "PGDATABASE": db, "PGPORT": "5432"}

    def run(self, sql, user="postgres", db="postgres", timeout=600, variables=None):
        """Runs a psql script up to its first error; Result has rows, messages, error. Never raises for SQL."""
        command = psql_command(self.bindir, variables) + ["-v", "ON_ERROR_STOP=1", "-f", "-"]
        done = subprocess.run(command, input=sql.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=psql_env(self.connection(user, db)), timeout=timeout)
        return Result(done.stdout, done.stderr, failed=done.returncode != 0)

    def psql(self, sql, user="postgres", db="postgres", check=True, **kwargs):
        """Rows of all statements as lists of text, NULL as None. Raises SqlError unless check is False."""
        result = self.run(sql, user, db, **kwargs)
        if check and result.error:
            raise result.error
        return result.rows

    def value(self, sql, **kwargs):
        """The only value of the only row."""
        rows = self.psql(sql, **kwargs)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return rows[0][0]

    def error(self, sql, user="postgres", db="postgres", **kwargs):
        """The SqlError of a script that must fail; unpacks to (sqlstate, message, detail, hint)."""
        result = self.run(sql, user, db, **kwargs)
        assert result.error, "expected an error, got rows %r" % result.rows[:5]
        return result.error

    def session(self, user="postgres", db="postgres"):
        """A psql process that stays connected."""
        session = Session(psql_command(self.bindir) + ["-f", "-"], psql_env(self.connection(user, db)))
        self.sessions.append(session)
        return session

    def _close_sessions(self):
        for session in self.sessions:
            session.close()
        self.sessions = []
