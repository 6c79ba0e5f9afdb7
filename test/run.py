#!/usr/bin/env python3
"""run.py - runs the tests of test/t and test/interop, each file as a process of its own.

    test/run.py                     everything
    test/run.py promise rotation    the files whose names contain one of the words; `t/` is a whole folder

The last line is `N passed, N failed, N skipped`; the exit status is 1 if anything failed. A full disk is one failure, and
ends the run.
"""
import glob
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from lib import harness, space  # noqa: E402

FILE_TIMEOUT = int(os.environ.get("SPOUT_FILE_TIMEOUT", "900"))  # seconds; a hang is a failure, not a wait
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$")


def run_file(path):
    """Runs one file, its output passing through; returns its counts, and whether a full disk ended it."""
    env = dict(os.environ, PYTHONPATH=HERE, PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")
    process = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--file", path], env=env, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
    watchdog = subprocess.Popen(["sh", "-c", "sleep %d; kill -TERM %d; sleep 20; kill -KILL %d"
                                 % (FILE_TIMEOUT, process.pid, process.pid)], start_new_session=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    counts = None
    for line in process.stdout:
        last = COUNTS.match(line)
        if last:
            counts = [int(n) for n in last.groups()]
        else:
            sys.stdout.write(line)
            sys.stdout.flush()
    process.wait()
    os.killpg(watchdog.pid, 9)
    watchdog.wait()
    if process.returncode == space.STATUS:
        return [0, 1, 0], True
    if counts is None or (process.returncode != 0 and counts[1] == 0):
        print("FAILED  %s (ended with status %s before its last test)" % (os.path.relpath(path), process.returncode))
        counts = [n + m for n, m in zip(counts or [0, 0, 0], [0, 1, 0])]
    return counts, False


def main():
    if sys.argv[1:2] == ["--file"]:
        harness.main(sys.argv[2], wanted=[])
    words = sys.argv[1:]
    files = sorted(glob.glob(HERE + "/t/*_test.py") + glob.glob(HERE + "/interop/*_test.py"))
    files = [f for f in files if not words or any(w in os.path.relpath(f, HERE) for w in words)]
    total = [0, 0, 0]
    for number, path in enumerate(files, 1):
        start = time.monotonic()
        print("# " + os.path.relpath(path, os.path.dirname(HERE)), flush=True)
        counts, full = run_file(path)
        print("# %d passed, %d failed, %d skipped in %.0f s" % (*counts, time.monotonic() - start), flush=True)
        total = [a + b for a, b in zip(total, counts)]
        if full:
            print("# stopped: this file and %d more were not judged" % (len(files) - number), flush=True)
            break
    print("%d passed, %d failed, %d skipped" % tuple(total), flush=True)
    sys.exit(1 if total[1] or not files else 0)


if __name__ == "__main__":
    main()
