#!/usr/bin/env python3
"""progress_test.py - pg_stat_progress_copy advances during an export, and is empty after it, however it ended."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402

# About two seconds: a short sleep every 20000 rows, blocks of 64 kB in between.
SLOW = "SELECT id, repeat('x', 50) AS filler FROM t WHERE id % 20000 <> 0 OR pg_sleep(0.1)::text = ''"
c = None


def setup_module():
    global c
    c = Cluster(preload=True)
    c.psql("CREATE EXTENSION pg_spout; CREATE TABLE t AS SELECT n AS id FROM generate_series(1, 400000) n")


def teardown_module():
    c.remove()


def watch(session, statement):
    """What the view showed while the statement ran: [(command, type, relation, bytes, tuples)], and its result."""
    seen = []
    session.send(statement)
    looker = c.session()
    for _ in range(300):
        rows = looker.run("SELECT command, type, relid::regclass, bytes_processed, tuples_processed, bytes_total, "
                          "tuples_excluded FROM pg_stat_progress_copy WHERE pid = %d" % session.backend_pid)
        seen += [tuple(r) for r in rows]
        if seen and not rows:
            break
        time.sleep(0.02)
    looker.close()
    result = session.result()
    assert c.psql("SELECT * FROM pg_stat_progress_copy") == []
    return seen, result


def advances(values):
    numbers = [int(v) for v in values]
    return numbers == sorted(numbers) and len(set(numbers)) >= 3


def test_it_advances_during_copy():
    seen, result = watch(c.session(), "COPY (%s) TO '%s' WITH (format avro)" % (SLOW, c.out("slow.avro")))
    assert not result.error, result.error
    assert {s[:3] for s in seen} == {("COPY TO", "FILE", "-")}, seen[0]
    assert advances(s[4] for s in seen), seen
    assert advances(s[3] for s in seen), seen
    assert {s[5:] for s in seen} == {("0", "0")}
    assert int(seen[-1][4]) <= 400000


def test_it_advances_during_the_function():
    seen, result = watch(c.session(), "SELECT rows FROM export_to_avro($$%s$$, '%s')" % (SLOW, c.out("slow.avro")))
    assert result.rows == [["400000"]], result.rows
    assert advances(s[4] for s in seen), seen


def test_it_names_the_table():
    c.psql("CREATE TABLE wide AS SELECT id, repeat('x', 1000) AS filler FROM t LIMIT 40000")
    session = c.session()
    for _ in range(5):  # a table cannot be slowed down: look again if it was too fast
        seen, result = watch(session, "COPY wide TO '%s' WITH (format avro, compression xz, compression_level 9)"
                             % c.out("wide.avro"))
        assert not result.error
        if seen:
            break
    assert {s[:3] for s in seen} == {("COPY TO", "FILE", "wide")}, seen[:1]


def test_it_is_cleared_after_an_error():
    seen, result = watch(c.session(), "COPY (SELECT 1 / (350001 - id) FROM (%s) s) TO '%s' WITH (format avro)"
                         % (SLOW, c.out("failed.avro")))
    assert result.error.sqlstate == "22012", result.error
    assert seen


if __name__ == "__main__":
    harness.main()
