"""pairs.py - two ways of doing the same, measured in turn: a ratio is that of neighbours in time.

Knows nothing of what is measured. Standard library only.
"""
import statistics


class Pair:
    """A baseline and what is held against it; one sample of each per round, so each ratio is of neighbours."""

    def __init__(self, base, candidate, floor=None):
        self.base, self.candidate, self.floor = base, candidate, floor
        self.samples = {base: [], candidate: []}

    def ratios(self, what):
        pairs = zip(self.samples[self.base], self.samples[self.candidate])
        return [getattr(a, what) / max(getattr(b, what), 1e-9) for a, b in pairs]

    def passed(self):
        return self.floor is None or statistics.median(self.ratios("wall")) >= self.floor


def line(label, samples, ratios="", cpu_ratios="", note=""):
    wall, cpu = [s.wall for s in samples], [s.cpu for s in samples]
    print("  %-24s %8.3f  %7.3f-%-7.3f %8.2f   %-22s %-9s %s" % (
        label, statistics.median(wall), min(wall), max(wall), statistics.median(cpu), ratios, cpu_ratios, note))


def report(title, pairs):
    print("\n%s\n  %-24s %8s  %15s %8s   %-22s %s" % (
        title, "", "median s", "min-max", "cpu s", "ratio (min-max)", "cpu ratio"))
    shown = set()
    for pair in pairs:
        if pair.base not in shown:
            line(pair.base, [s for p in pairs if p.base == pair.base for s in p.samples[pair.base]])
            shown.add(pair.base)
        wall, cpu = pair.ratios("wall"), pair.ratios("cpu")
        note = "" if pair.floor is None else "floor %.2f%s" % (pair.floor, "" if pair.passed() else " MISSED")
        line(pair.candidate, pair.samples[pair.candidate],
             "%.2f (%.2f-%.2f)" % (statistics.median(wall), min(wall), max(wall)), "%.2f" % statistics.median(cpu), note)


def run_pairs(pairs, rounds, measure):
    """Every second round runs backwards, so that no side always comes first."""
    for n in range(rounds):
        for pair in pairs if n % 2 == 0 else reversed(pairs):
            sides = [pair.base, pair.candidate]
            for side in sides if n % 2 == 0 else reversed(sides):
                pair.samples[side].append(measure(side))
