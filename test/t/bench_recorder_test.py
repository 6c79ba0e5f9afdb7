#!/usr/bin/env python3
"""bench_recorder_test.py - servers without workers, that shut down, that crash: what was sent is in a table or in the log.

    SPOUT_RECORD_ROUNDS=1000     shutdowns and kills of each kind; CI runs fewer
"""
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.limits import prompt  # noqa: E402
from lib.recording import ROUNDS, locked, log_lines, send, stored_once, the_recorder, wait_for_log  # noqa: E402


def test_no_worker_slot():
    """The logical replication launcher and ours hold the slots. The caller is told, and nothing is lost in silence."""
    for preload in (False, True):
        with Cluster(preload=preload, conf={"max_worker_processes": 2 if preload else 1}) as c:
            c.psql("CREATE EXTENSION pg_spout_bench CASCADE")
            start = time.monotonic()
            result = c.run("SELECT (record_benchmark('full%d', '{1}')).name FROM generate_series(1, 1)" % preload)
            assert result.rows == [["full%d" % preload]] and time.monotonic() - start < 60
            told = result.notices("WARNING")
            assert len(told) == 1 and told[0].startswith("benchmark results that are not stored yet: 1" if preload else "no recorder"), told
            if preload:
                c.psql(send("more"))
                assert log_lines(c) == []  # they wait in the server's memory for a worker
                c.stop()
                assert log_lines(c) == ["full1", "more"]
            else:
                wait_for_log(c, ["full0"])  # the session says it as it leaves
                c.stop()
                assert log_lines(c) == ["full0"]


def test_a_database_dropped_under_its_records():
    """They stand in the log, and do not block those of other databases."""
    with Cluster(preload=True, conf={"max_worker_processes": 3}) as c:
        c.psql("CREATE EXTENSION pg_spout_bench CASCADE; CREATE DATABASE gone")
        c.psql("CREATE EXTENSION pg_spout_bench CASCADE", db="gone")
        c.psql("SELECT record_benchmark('here', '{1}')")  # its recorder has the last worker for 2 s
        c.psql(send("there") + ";" + send("there too"), db="gone")
        c.psql("DROP DATABASE gone")
        c.psql(send("behind them"))
        stored_once(c, ["here", "behind them"], seconds=30)
        assert log_lines(c) == ["there", "there too"]


def test_a_run_without_workers_is_not_held_up():
    """One wait of 10 s for a recorder, not one for each result."""
    with Cluster(conf={"max_worker_processes": 1}) as c:
        c.psql("CREATE EXTENSION pg_spout_bench CASCADE")
        start = time.monotonic()
        s = c.session()
        s.send("".join(send("n%d" % i) + ";" for i in range(20)) + "SELECT spout_bench.flush() -> 'committed'")
        result = s.result()
        assert result.rows == [["t"]] * 20 + [["0"]] and time.monotonic() - start < 60
        assert [m[:11] for m in result.notices("WARNING")] == ["no recorder"]
        s.close()
        wait_for_log(c, ["n%d" % i for i in range(20)])


def test_shutdown_writes_or_tells():
    """Every record sent before is in its table or in the log. Not in both, but for one whose acknowledgement an immediate
    shutdown cuts off."""
    for preload in (False, True):
        with Cluster(preload=preload) as c:
            c.psql("CREATE EXTENSION pg_spout_bench CASCADE")
            modes = ["fast", "smart"] + preload * ["immediate"]
            names = {mode: set() for mode in modes}
            for i in range(ROUNDS):
                mode = modes[i % len(modes)]
                s = c.session()
                batch = ["%s%d-%d" % (mode, i, j) for j in range(20)]
                s.run("".join(send(n) + ";" for n in batch))
                c.restart(mode)
                names[mode] |= set(batch)
            stored, told = [name for (name,) in c.psql("SELECT name FROM benchmark_results")], log_lines(c)
            print("        %d in the table, %d in the log" % (len(stored), len(told)))
            assert len(set(stored)) == len(stored) and len(set(told)) == len(told)
            for mode in modes:
                here, there = names[mode] & set(stored), names[mode] & set(told)
                assert here | there == names[mode], (mode, sorted(names[mode] - here - there))
                assert not here & there or mode == "immediate", (mode, sorted(here & there))


KILLED = 'background worker "pg_spout benchmark recorder" (PID %s) was terminated by signal 9'


def wait_for_restart(c):
    deadline = time.monotonic() + prompt(30)
    while c.run("SELECT 1").error:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_crash_keeps_what_was_acknowledged():
    """SIGKILL of the recorder restarts the server. Only what was not acknowledged may be missing; nothing is there twice.
    The log names the recorder and, where the ring is the server's, every record that was in it."""
    for preload in (False, True):
        with Cluster(preload=preload) as c:
            c.psql("CREATE EXTENSION pg_spout_bench CASCADE")
            acknowledged, sent, stored = [], [], []
            for i in range(ROUNDS):
                s = c.session()
                acknowledged += s.run("SELECT (record_benchmark('first%d', '{1}')).name" % i)[0]
                if i % 2:  # all of these wait in the ring
                    with locked(c):
                        names = ["open%d-%d" % (i, j) for j in range(5)]
                        s.run("".join(send(n) + ";" for n in names))
                        sent += names
                        pid = the_recorder(c)
                        os.kill(int(pid), signal.SIGKILL)
                        wait_for_restart(c)
                else:  # at any moment of the load
                    s.send("".join("SELECT (record_benchmark('load%d-%d', '{1}')).name;" % (i, j) for j in range(2000)))
                    time.sleep(random.random() * 0.05)
                    pid = the_recorder(c)
                    os.kill(int(pid), signal.SIGKILL)
                    rows = s.result().rows
                    assert len(rows) < 2000
                    acknowledged += [name for (name,) in rows]
                s.close()
                wait_for_restart(c)
                assert KILLED % pid in c.log
                if i % 50 == 49 or i == ROUNDS - 1:
                    stored += [name for (name,) in c.psql("SELECT name FROM benchmark_results")]
                    c.psql("TRUNCATE benchmark_results CASCADE")
            assert len(set(stored)) == len(stored)
            assert not set(acknowledged) - set(stored)
            assert not set(sent) & set(stored)  # the table was locked
            told = log_lines(c)
            print("        %d kills, %d acknowledged, %d not; %d in the log" % (ROUNDS, len(acknowledged), len(sent), len(told)))
            assert set(sent) <= set(told) if preload else not told
            c.psql("SELECT record_benchmark('next', '{1}')")
            stored_once(c, ["next"])


if __name__ == "__main__":
    harness.main()
