"""harness.py - runs the test_* functions of one file and says how they went. Knows no database.

A test file ends with   if __name__ == "__main__": harness.main()
"""
import importlib.util
import os
import signal
import sys
import time
import traceback

from .space import NEEDED, STATUS, DiskFull, Watch, check


class Skip(Exception):
    """Raised by a test, or by setup_module, that cannot run here; the text says why."""


def require(condition, reason):
    """Skips unless the machine can do what the test needs; on CI (SPOUT_STRICT=1) that is a failure."""
    if not condition:
        if os.environ.get("SPOUT_STRICT") == "1":
            raise AssertionError("must not be skipped here: " + reason)
        raise Skip(reason)


class Tally:
    """watch: what looks at the disks meanwhile, or None."""

    def __init__(self, watch=None):
        self.passed = self.failed = self.skipped = 0
        self.watch = watch

    def line(self):
        return "%d passed, %d failed, %d skipped" % (self.passed, self.failed, self.skipped)

    def attempt(self, label, function, counts=True):
        """Runs it; False when it failed or was skipped. A success counts only if asked."""
        start = time.monotonic()
        try:
            function()
        except Skip as why:
            self.skipped += 1
            print("skipped %s (%s)" % (label, why), flush=True)
            return False
        except BaseException as e:
            self.failed += 1
            if self.watch and self.watch.full:
                raise DiskFull(self.watch.full) from None
            traceback.print_exc(file=sys.stdout)
            print("FAILED  %s (%.1f s)" % (label, time.monotonic() - start), flush=True)
            if isinstance(e, (KeyboardInterrupt, SystemExit)):
                raise
            return False
        if counts:
            self.passed += 1
            print("ok      %s (%.1f s)" % (label, time.monotonic() - start), flush=True)
        return True


def once(function):
    """Marks a test that is the same in every variant: the first is enough."""
    function.once = True
    return function


def run_module(module, wanted=(), watch=None):
    """wanted: parts of test names, such as `cancel` or `[csv]`; none means all. A module with VARIANTS has its tests run
    for each of them, after use_variant(it). Returns the Tally; raises DiskFull where a test fails on a full disk."""
    functions = [(n, f) for n, f in vars(module).items() if n.startswith("test_") and callable(f)]
    variants = getattr(module, "VARIANTS", [None])
    tests = [(n + ("" if v is None else "[%s]" % v), f, v) for v in variants for n, f in functions
             if v is variants[0] or not getattr(f, "once", False)]
    tests = [t for t in tests if not wanted or any(w in t[0] for w in wanted)]
    name = os.path.basename(module.__file__)[:-3]
    tally = Tally(watch)
    if not tests:
        return tally
    ready = tally.attempt(name + ".setup_module", getattr(module, "setup_module", lambda: None), counts=False)
    if not ready:
        tally.failed *= len(tests)  # the whole file fails or is skipped, test by test
        tally.skipped *= len(tests)
    try:
        for test, function, variant in tests if ready else []:
            if variant is not None:
                module.use_variant(variant)
            tally.attempt("%s.%s" % (name, test), function)
    finally:
        try:
            getattr(module, "teardown_module", lambda: None)()
        except Exception:
            if ready and not (watch and watch.full):
                raise
    return tally


def load(path):
    spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def main(path=None, wanted=None):
    """Runs one file: the one called as a program, or `path`. Arguments choose tests by parts of names."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped: took too long"))  # servers are still removed
    module = load(path) if path else sys.modules["__main__"]
    try:
        said = check(NEEDED, "before the tests")
        if said:
            raise DiskFull(said)
        with Watch() as watch:
            tally = run_module(module, sys.argv[1:] if wanted is None else wanted, watch)
    except DiskFull as e:
        print("FAILED  %s" % e, flush=True)
        sys.exit(STATUS)
    print(tally.line(), flush=True)
    sys.exit(1 if tally.failed else 0)
