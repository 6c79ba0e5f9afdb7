"""variant.py - a library of our sources with a few texts changed, built beside the tree: what a test or a measurement
needs and what must never ship. Standard library only; knows no server.
"""
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def build(tree, edits):
    """In the new directory `tree`; edits: (file, text, other text), each text standing there exactly once. Returns the
    path of pg_spout.so. Objects of the tree come along with their times, so that only what changes is compiled."""
    os.makedirs(tree)
    for name in ("src", "extension", "Makefile", "pg_spout.control", "pg_spout_bench.control"):
        subprocess.check_call(["cp", "-a", os.path.join(ROOT, name), tree])
    for name, old, new in edits:
        path = os.path.join(tree, name)
        with open(path) as f:
            text = f.read()
        if text.count(old) != 1:
            raise ValueError("%s: not exactly once: %s" % (name, old))
        with open(path, "w") as f:
            f.write(text.replace(old, new))
    subprocess.check_call(["make", "-s", "-j2", "-C", tree, "all"], stdout=subprocess.DEVNULL)
    return os.path.join(tree, "pg_spout.so")


def line_of(tree, name, text):
    """The number of the line that contains the text."""
    with open(os.path.join(tree, name)) as f:
        return next(n for n, line in enumerate(f, 1) if text in line)
