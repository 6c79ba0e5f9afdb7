"""recording.py - what the tests of recorded benchmarks share: sending, waiting, looking into tables and log."""
import contextlib
import json
import os
import time

from .limits import prompt

ROUNDS = int(os.environ.get("SPOUT_RECORD_ROUNDS", "15"))
RECORDERS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_spout benchmark recorder'"


def send(name):
    """Sends without waiting for the answer: the session may be gone the next moment."""
    return ("SELECT spout_bench.send(jsonb_build_object('result', to_jsonb(spout_bench.result('%s', '{1,2,3}', '{}', NULL))))" % name)


@contextlib.contextmanager
def locked(c, table="benchmark_results", db="postgres"):
    """Nobody can write to the table meanwhile."""
    locker = c.session(db=db)
    try:
        locker.run("BEGIN; LOCK TABLE %s IN SHARE MODE" % table)
        yield
        locker.run("COMMIT", check=False)
    finally:
        locker.close()


def stored_once(c, names, db="postgres", seconds=15):
    """Every name is there exactly once, soon."""
    deadline = time.monotonic() + prompt(seconds)
    while True:
        rows = c.psql("SELECT name, count(*) FROM benchmark_results GROUP BY 1", db=db)
        counts = {name: int(n) for name, n in rows}
        missing = [n for n in names if counts.get(n) != 1]
        if not missing or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    assert not missing, "%d of %d, such as %s: %s" % (len(missing), len(names), missing[0], counts.get(missing[0]))
    c.psql("TRUNCATE benchmark_results CASCADE", db=db)


def the_recorder(c):
    """Its process, once it is there: work is waiting for it."""
    deadline = time.monotonic() + prompt(10)
    while not (found := c.psql(RECORDERS)):
        assert time.monotonic() < deadline
    return found[0][0]


def log_lines(c):
    """Names of the records that stand in the server's log, and their lines."""
    lines = [line for line in c.log.splitlines() if "benchmark result that could not be stored: " in line]
    return [json.loads(line.partition("stored: ")[2])["result"]["name"] for line in lines]


def wait_for_log(c, names, seconds=10):
    deadline = time.monotonic() + prompt(seconds)
    while sorted(log_lines(c)) != sorted(names) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert sorted(log_lines(c)) == sorted(names), log_lines(c)
