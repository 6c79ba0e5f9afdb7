#!/usr/bin/env python3
"""bench_stats.py - writes bench_stats.inc: seeded series with what numpy and scipy say of them.

    python3 test/unit/vectors/bench_stats.py > test/unit/vectors/bench_stats.inc      needs numpy and scipy
"""
import numpy as np
from scipy import stats


def braces(values):
    return "{" + ", ".join(repr(float(v)) for v in values) + "}"


def rank(n):
    """The largest l with P(Bin(n, 1/2) < l) <= 0.025."""
    return max((l for l in range(n + 1) if stats.binom.cdf(l - 1, n, 0.5) <= 0.025), default=0) if n >= 6 else 0


def series():
    rng = np.random.default_rng(20240607)
    for n in (1, 2, 3, 5, 6, 7, 9, 10, 25, 60, 100):
        x = rng.lognormal(-4, 0.1, n)
        x[rng.random(n) < 0.05] *= 3
        q1, median, q3, p95, p99 = (np.percentile(x, p, method="linear") for p in (25, 50, 75, 95, 99))
        beyond = np.maximum(q1 - x, x - q3)
        severe = int((beyond > 3 * (q3 - q1)).sum())
        mild = int((beyond > 1.5 * (q3 - q1)).sum()) - severe
        stddev = x.std(ddof=1) if n > 1 else 0
        mad = stats.median_abs_deviation(x)
        yield "    {%s,\n     %s,\n     %d, %d, %d}," % (
            braces(x), ", ".join(repr(float(v)) for v in (x.mean(), stddev, median, q1, q3, p95, p99, mad)),
            rank(n), mild, severe)


def pairs():
    rng = np.random.default_rng(7)
    for n, slower, noise in ((6, 1.3, 0.01), (10, 1.0, 0.02), (15, 0.8, 0.02), (30, 1.1, 0.05), (60, 1.0, 0.3)):
        a = rng.lognormal(-4, noise, n)
        b = slower * rng.lognormal(-4, noise, n)
        d = np.log(b / a)
        i, j = np.triu_indices(n)
        walsh = np.sort((d[i] + d[j]) / 2)
        # scipy's normal approximation of the signed-rank statistic, by its published mean and variance.
        k = max(0, int(np.floor(n * (n + 1) / 4 - 1.96 * np.sqrt(n * (n + 1) * (2 * n + 1) / 24))))
        low, high = np.exp(walsh[k]), np.exp(walsh[len(walsh) - k - 1])
        verdict = "regression" if low > 1.05 else "improvement" if high < 0.95 else \
            "equivalent" if low >= 0.95 and high <= 1.05 else "inconclusive"
        yield "    {%s,\n     %s,\n     %r, %r, %r, PairVerdict::%s}," % (
            braces(a), braces(b), float(np.exp(np.median(walsh))), float(low), float(high), verdict)


print("// bench_stats.inc - made by bench_stats.py; numpy %s and scipy computed the values." % np.__version__)
print("const SeriesCase kSeries[] = {\n%s\n};" % "\n".join(series()))
print("const PairsCase kPairs[] = {\n%s\n};" % "\n".join(pairs()))
