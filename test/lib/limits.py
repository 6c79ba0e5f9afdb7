"""limits.py - how long something may take, and when memory is said to grow: judged so that a busy machine does not
decide. Knows no database.
"""
import os


def prompt(seconds=1.0):
    """The limit for what must happen within that time: as it is on an idle machine, longer where processes (and those
    that wait for the disk) take turns on the processors."""
    with open("/proc/loadavg") as f:
        load, _, _, running, _ = f.read().split()
    return seconds * max(1.0, max(float(load), float(running.partition("/")[0])) / os.cpu_count())


def assert_steady(work, measure, rounds, allowed, phases=4):
    """work(n) repeats something n times, after it has warmed up; measure() gives a dictionary of sizes. What leaks grows
    with the repetitions, and so in every phase, each twice as long as the one before. A step, such as a heap that
    settles on another size, is seen in one phase and not in the next: the first phase in which nothing grows by more
    than `allowed` is the proof.
    """
    grown = []
    for phase in range(phases):
        before = measure()
        work(rounds << phase)
        after = measure()
        grown.append({name: after[name] - before[name] for name in allowed})
        if all(grown[-1][name] <= allowed[name] for name in allowed):
            return
    raise AssertionError("it grows however often it is repeated, by more than %s in %s rounds: %s"
                         % (allowed, [rounds << phase for phase in range(phases)], grown))
