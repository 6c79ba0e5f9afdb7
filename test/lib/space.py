#!/usr/bin/env python3
"""space.py - keeps an eye on the disks that tests write to, so that a full one is told as what it is.

As a program, for tools/check: `space.py FILE` writes to FILE whatever check() has to say, until it is stopped.
Knows no database.
"""
import os
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NEEDED = int(os.environ.get("SPOUT_NEEDED_SPACE", str(1 << 30)))  # bytes free before tests begin
FULL = min(NEEDED // 2, 192 << 20)  # below this many, exports fail for lack of space: see pg_spout.min_free_space
STATUS = 75  # exit status of a test program that stopped because of it


class DiskFull(Exception):
    """Not a failure of what is tested: nothing after it can be judged."""


def places():
    """Where tests write: clusters and exports below the temporary directory, what is built below the checkout."""
    return {"TMPDIR": tempfile.gettempdir(), "the checkout": ROOT}


def free(path):
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize


def check(least, when):
    """The sentence about the first disk that has less than `least` bytes, else None."""
    for name, path in places().items():
        room = free(path)
        if room < least:
            return ("the disk is full: %s (%s) has %d MB left %s, tests need %d MB; free some, or set TMPDIR to another place"
                    % (path, name, room >> 20, when, NEEDED >> 20))
    return None


class Watch:
    """Looks five times a second: a failed export gives its space back before anybody else could look."""

    def __init__(self):
        self.full = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        while not self.ended.wait(0.2) and not self.full:
            self.full = check(FULL, "while tests ran")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def main():
    said = check(NEEDED, "before the tests")
    while not said:
        time.sleep(0.5)
        said = check(FULL, "while tests ran")
    with open(sys.argv[1], "w") as f:
        f.write(said + "\n")


if __name__ == "__main__":
    main()
