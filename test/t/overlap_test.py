#!/usr/bin/env python3
"""overlap_test.py - where one process encodes and a codec is on, a thread packs one block while the next is encoded.

What must not change by it: the file, exact rotation, cancel and errors, memory. What must not be left: the thread.
"""
import gzip
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.limits import prompt  # noqa: E402
from lib.promise import descriptors, hidden, wait_for  # noqa: E402

ROWS = 150_000
ORDERED = "SELECT id, t, v FROM t ORDER BY id"
CODECS = (("csv", "gzip"), ("csv", "zstd"), ("json", "lz4"), ("xml", "gzip"), ("avro", "snappy"), ("avro", "deflate"),
          ("avro", "zstandard"))
c = None


def setup_module():
    global c
    c = Cluster(preload=True)
    c.psql("CREATE EXTENSION pg_spout; CREATE TABLE t AS SELECT n AS id, md5(n::text) || repeat('x', n %% 50) AS t, "
           "n * 0.01::numeric AS v FROM generate_series(1, %d) n" % ROWS)


def teardown_module():
    c.remove()


def open_files(pid):
    """But for the server's own, which it keeps open as it likes."""
    return sorted(d for d in descriptors(pid) if c.data not in d)


def threads(pid):
    return len(os.listdir("/proc/%d/task" % pid))


def copy(path, fmt, codec, query=ORDERED, **options):
    extra = "".join(", %s '%s'" % o for o in options.items())
    return "COPY (%s) TO '%s' WITH (FORMAT '%s', compression '%s'%s)" % (query, path, fmt, codec, extra)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def test_files_are_those_of_one_thread():
    for fmt, codec in CODECS:
        beside, alone = c.out("beside"), c.out("alone")
        marker = {"sync_marker": "00" * 16} if fmt == "avro" else {}
        c.psql(copy(beside, fmt, codec, **marker))
        c.psql(copy(alone, fmt, codec, parallel="off", **marker))
        assert read(beside) == read(alone), (fmt, codec)
        assert len(read(alone)) > 200_000, "too few blocks to overlap"


def test_rotation_stays_exact():
    for limit in (1, 999, 100_000, ROWS - 1, ROWS):
        rows = ROWS if limit > 1 else 50
        query = "SELECT id, t, v FROM t WHERE id <= %d ORDER BY id" % rows
        got = c.psql("SELECT file_index, path, rows FROM export_to_csv('%s', '%s', 'gzip', max_rows_per_file => %d)"
                     % (query, c.out("set.csv"), limit))
        counts = [int(g[2]) for g in got]
        assert counts[:-1] == [limit] * (len(counts) - 1) and sum(counts) == rows and 0 < counts[-1] <= limit, counts
        ids = []
        for _, path, n in got:
            with gzip.open(path, "rt") as f:
                lines = f.read().splitlines()
            assert len(lines) == int(n)
            ids += [int(line.split(",")[0]) for line in lines]
            os.unlink(path)
        assert ids == list(range(1, rows + 1))


def test_rotation_by_bytes():
    limit = 1_000_000
    got = c.psql("SELECT path, rows, bytes FROM export_to_csv('%s', '%s', 'gzip', max_bytes_per_file => %d)"
                 % (ORDERED, c.out("bytes.csv"), limit))
    assert sum(int(g[1]) for g in got) == ROWS and len(got) > 3
    assert all(limit <= int(g[2]) <= limit + 300_000 for g in got[:-1]), got
    assert all(os.path.getsize(g[0]) == int(g[2]) for g in got)


def test_a_thread_works_and_goes():
    session = c.session()
    session.send(copy(c.out("slow.csv"), "csv", "gzip", compression_level="9"))
    wait_for(lambda: threads(session.backend_pid) == 2, "a second thread")
    assert not session.result().error
    assert threads(session.backend_pid) == 1
    session.send(copy(c.out("slow.csv"), "csv", "gzip", compression_level="9", parallel="off"))
    seen = set()
    while c.psql("SELECT state FROM pg_stat_activity WHERE pid = %d" % session.backend_pid) == [["active"]]:
        seen.add(threads(session.backend_pid))
    assert not session.result().error
    assert seen == {1}, seen


def stop_in_the_middle(how, sqlstate):
    """The export ends within a second; the old file, no thread and no descriptor stay."""
    path = c.out("stopped.csv")
    with open(path, "w", encoding="ascii") as f:
        f.write("old")
    c.share(path)
    session = c.session()
    session.run("SELECT 1")
    before = open_files(session.backend_pid)
    session.send(copy(path, "csv", "gzip", ORDERED.replace("FROM t", "FROM t, generate_series(1, 20)"),
                      compression_level="9"))
    wait_for(lambda: threads(session.backend_pid) == 2, "a second thread")
    start = time.monotonic()
    how(session.backend_pid)
    result = session.result()
    assert time.monotonic() - start < prompt(2)
    assert result.error and result.error.sqlstate == sqlstate, result.error
    assert read(path) == b"old" and not hidden(os.path.dirname(path))
    if sqlstate != "57P01":
        assert threads(session.backend_pid) == 1
        assert open_files(session.backend_pid) == before


def test_cancel():
    stop_in_the_middle(lambda pid: c.psql("SELECT pg_cancel_backend(%d)" % pid), "57014")


def test_terminate():
    stop_in_the_middle(lambda pid: c.psql("SELECT pg_terminate_backend(%d)" % pid), "57P01")


def test_an_error_in_the_last_row_inside_a_handler():
    session = c.session()
    session.run("SELECT 1")
    before = open_files(session.backend_pid)
    query = ORDERED.replace("id, t", "1 / (%d - id) AS x, id, t" % ROWS)
    for _ in range(20):
        session.run("DO $do$ BEGIN %s; EXCEPTION WHEN division_by_zero THEN NULL; END $do$"
                    % copy(c.out("failed.csv"), "csv", "zstd", query))
    assert threads(session.backend_pid) == 1 and open_files(session.backend_pid) == before
    assert session.run("SELECT last_export() ->> 'sqlstate'") == [["22012"]]
    assert not os.path.exists(c.out("failed.csv")) and not hidden(c.outdir)


def limited(limit, value):
    """A session with a soft limit on its resources."""
    session = c.session()
    session.run(copy(c.out("first.csv"), "csv", "gzip", "SELECT 1"))  # what a first export opens for good
    c.run_as_server("prlimit", "--pid", str(session.backend_pid), "--%s=%d:" % (limit, value))
    return session


def test_where_no_thread_can_be_had():
    """A limit on processes, or descriptors that are used up: the backend packs the blocks itself."""
    for fmt, codec in CODECS[::2]:
        marker = {"sync_marker": "00" * 16} if fmt == "avro" else {}
        c.psql(copy(c.out("with"), fmt, codec, **marker))
        session = limited("nproc", 1)
        if os.geteuid() == 0:  # root's server runs under an account that the limit holds for
            session.send(copy(c.out("without"), fmt, codec, **marker))
            while c.psql("SELECT state FROM pg_stat_activity WHERE pid = %d" % session.backend_pid) == [["active"]]:
                assert threads(session.backend_pid) == 1
            assert not session.result().error
            assert read(c.out("with")) == read(c.out("without")), (fmt, codec)
        session.close()


def test_where_descriptors_run_out():
    """Whatever their number: the same file, or an error that says what is missing; the session goes on."""
    c.psql(copy(c.out("with"), "csv", "gzip"))
    expected, outcomes = read(c.out("with")), []
    session = limited("nofile", 1024)
    most = max(int(fd) for fd in os.listdir("/proc/%d/fd" % session.backend_pid)) + 1
    for n in range(most - 2, most + 10):
        c.run_as_server("prlimit", "--pid", str(session.backend_pid), "--nofile=%d:" % n)
        session.send(copy(c.out("without"), "csv", "gzip"))
        error = session.result().error
        assert error is None or error.sqlstate == "53000", (n, error)
        if not error:
            assert read(c.out("without")) == expected, n
        outcomes.append(error is None)
    assert outcomes[-1] and session.run("SELECT 1") == [["1"]]
    session.close()


def test_signals_go_to_the_backend():
    """A thousand a second of those a backend takes in its stride, while both threads work."""
    session = c.session()
    pid, stop = session.backend_pid, threading.Event()
    session.run("SET statement_timeout = '5min'")

    def storm():
        while not stop.is_set():
            for s in (signal.SIGUSR1, signal.SIGALRM, signal.SIGURG):
                os.kill(pid, s)
            time.sleep(0.001)
    thread = threading.Thread(target=storm)
    thread.start()
    try:
        session.run(copy(c.out("storm.csv"), "csv", "gzip"))
    finally:
        stop.set()
        thread.join()
    c.psql(copy(c.out("calm.csv"), "csv", "gzip", parallel="off"))
    assert read(c.out("storm.csv")) == read(c.out("calm.csv"))


def test_memory_stays():
    """Two raw and two packed blocks more than without the thread, not more with more rows."""
    def grown(query):
        session = c.session()
        session.run("LOAD 'pg_spout'")
        session.run(copy(c.out("m.csv"), "csv", "gzip", query + " LIMIT 100"))

        def anon():
            with open("/proc/%d/status" % session.backend_pid, encoding="ascii") as f:
                return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))
        before, peak, done = anon(), [0], threading.Event()

        def watch():
            while not done.is_set():
                peak[0] = max(peak[0], anon())
                time.sleep(0.005)
        watcher = threading.Thread(target=watch)
        watcher.start()
        session.run(copy(c.out("m.csv"), "csv", "gzip", query))
        done.set()
        watcher.join()
        session.close()
        return peak[0] - before  # kB
    # A heap that happens to settle higher is seen once; what grows with the rows is seen every time.
    pairs = []
    while len(pairs) < 3:
        pairs.append((grown("SELECT * FROM t"), grown("SELECT t.* FROM t, generate_series(1, 5)")))
        if pairs[-1][0] < 16_384 and pairs[-1][1] < pairs[-1][0] + 2_048:
            return
    raise AssertionError(pairs)


if __name__ == "__main__":
    harness.main()
