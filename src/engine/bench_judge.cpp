// bench_judge.cpp - bounds and the words for what is beyond them. Knows no PostgreSQL.
#include "engine/bench_judge.hpp"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr double kSmallBytes = 16384, kLargeBytes = 65536; // of memory: doubtful, too much
constexpr size_t kFreshRuns = 3, kBaseRuns = 5;            // below, times prove nothing
constexpr int64_t kFullBlocksRows = 10000, kPrivateGrowth = 8 * 1024 * 1024;

// Of a benchmark that could not be judged: too long a text is cut.
template <typename... Args> void say(Judgement &j, Grade grade, const char *format, Args... args)
{
    j.grade = grade;
    snprintf(j.message, sizeof j.message, format, args...);
}

size_t count_above(Runs r, double bound)
{
    return static_cast<size_t>(std::count_if(r.x, r.x + r.n, [=](double v) { return v > bound; }));
}

VerdictBounds bounds_of(Metric metric, const StoredVerdict &v)
{
    const double m = v.middle;
    switch (metric) {
    case Metric::median_time: return {m * (2 - v.red), m * (2 - v.yellow), m * v.yellow, m * v.red};
    case Metric::net_memory: return {-1, -1, 0, kLargeBytes};
    case Metric::bytes: return {-1, m, m, m * v.red};
    default:
        return {std::min(m * (2 - v.red), m - kLargeBytes), std::min(m * (2 - v.yellow), m - kSmallBytes),
                std::max(m * v.yellow, m + kSmallBytes), std::max(m * v.red, m + kLargeBytes)};
    }
}

// A regression of times is told by two of three clean runs: one slow one may be somebody else's doing.
PairVerdict verdict_of_times(const StoredVerdict &v, Runs base, Runs fresh, Runs clean)
{
    if (fresh.n < kFreshRuns || base.n < kBaseRuns) return PairVerdict::inconclusive;
    if (3 * count_above(clean, v.middle * v.red) >= 2 * fresh.n) return PairVerdict::regression;
    const auto range = std::minmax_element(fresh.x, fresh.x + fresh.n);
    VerdictBounds bounds = bounds_of(Metric::median_time, v);
    bounds.regression = HUGE_VAL;
    return judge_interval(*range.first, *range.second, bounds);
}

std::string spaced(const char *name)
{
    std::string words(name);
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
}

bool ends_with(const char *s, const char *end)
{
    const size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

void tell_threshold(Judgement &j, const Threshold &t)
{
    if (ends_with(t.name, "_time")) {
        const int digits = t.bound < 0.001 ? 7 : 4;
        say(j, Grade::red, "Performance regression detected: %s %.*fs exceeds threshold of %.*fs",
            spaced(t.name).c_str(), digits, t.value, digits, t.bound);
    } else {
        say(j, Grade::red, "Memory limit exceeded: %s %.1f MB exceeds threshold of %.1f MB",
            spaced(t.name).c_str(), t.value / 1e6, t.bound / 1e6);
    }
}
} // namespace

PairVerdict judge_interval(double low, double high, const VerdictBounds &b)
{
    if (low > b.regression) return PairVerdict::regression;
    if (high < b.improvement) return PairVerdict::improvement;
    if (low >= b.low && high <= b.high) return PairVerdict::equivalent;
    return PairVerdict::inconclusive;
}

bool metric_by_name(const char *name, Metric *metric) noexcept
{
    static const char *const names[] = {"median_time", "peak_memory", "allocated_memory", "net_memory",
                                        "bytes"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *metric = static_cast<Metric>(i);
            return true;
        }
    return false;
}

StoredVerdict compare_stored(Metric metric, Runs base, Runs fresh, Runs clean)
{
    const BenchSummary usual = summarize(base.x, base.n);
    StoredVerdict v = {};
    v.middle = usual.median;
    v.value = summarize(fresh.x, fresh.n).median;
    const bool time = metric == Metric::median_time;
    const double spread = v.middle > 0 ? 1.4826 * usual.mad / v.middle : 0;
    v.red = time ? 1 + std::max(0.10, 5 * spread) : 1.05;
    v.yellow = time ? 1 + std::max(0.05, 3 * spread) : 1.01;
    v.above = count_above(fresh, v.middle * v.yellow);
    v.verdict = time ? verdict_of_times(v, base, fresh, clean)
                     : judge_interval(v.value, v.value, bounds_of(metric, v));
    return v;
}

const char *grade_name(Grade g) noexcept
{
    return g == Grade::green ? "green" : g == Grade::yellow ? "yellow" : "red";
}

Judgement judge(const Threshold *t, size_t n, const MemoryUse &m)
{
    Judgement j = {};
    const auto *beyond = std::find_if(t, t + n, [](const Threshold &x) { return x.value > x.bound; });
    if (beyond != t + n) {
        tell_threshold(j, *beyond);
    } else if (m.private_peak > m.most_private) {
        say(j, Grade::red, "Memory limit exceeded: peak growth %.1f MB exceeds %.1f MB for adapter type %s",
            m.private_peak / 1e6, m.most_private / 1e6, m.adapter);
    } else if (static_cast<double>(m.net) > kLargeBytes) {
        const std::string where = m.file ? " at " + std::string(m.file) + ":" + std::to_string(m.line) : "";
        say(j, Grade::red, "Memory leak detected: %" PRId64 " bytes were not given back%s", m.net,
            where.c_str());
    } else if (m.private_peak > 0.8 * m.most_private || m.net > 0) {
        j.grade = Grade::yellow;
    }
    return j;
}

// Once some blocks are full the peak stays; what memory contexts keep for good stays from the first row.
Judgement judge_growth(const MemoryPass &a, const MemoryPass &b)
{
    Judgement j = {};
    const bool full = a.rows >= kFullBlocksRows, bracket = a.private_peak >= 0 && b.private_peak >= 0;
    const auto more_peak = static_cast<double>(b.peak), less_peak = static_cast<double>(a.peak);
    if (a.contexts >= 0 && static_cast<double>(b.contexts - a.contexts) > kLargeBytes)
        say(j, Grade::red,
            "Memory grows with rows: memory contexts keep %" PRId64 " bytes after %" PRId64 " rows, %" PRId64
            " after %" PRId64,
            a.contexts, a.rows, b.contexts, b.rows);
    else if (full && more_peak > 1.05 * less_peak && more_peak > less_peak + kLargeBytes)
        say(j, Grade::red,
            "Memory grows with rows: peak %" PRId64 " bytes at %" PRId64 " rows, %" PRId64 " at %" PRId64,
            a.peak, a.rows, b.peak, b.rows);
    else if (full && bracket && b.private_peak > a.private_peak + kPrivateGrowth)
        say(j, Grade::red,
            "Memory grows with rows: private memory %" PRId64 " bytes at %" PRId64 " rows, %" PRId64
            " at %" PRId64,
            a.private_peak, a.rows, b.private_peak, b.rows);
    return j;
}

bool median_slope(const double *x, const double *y, size_t n, double *slope)
{
    std::vector<double> slopes;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (x[k] > x[i]) slopes.push_back((y[k] - y[i]) / (x[k] - x[i]));
    if (slopes.size() < 3) return false;
    std::sort(slopes.begin(), slopes.end());
    const size_t half = slopes.size() / 2;
    *slope = slopes.size() % 2 ? slopes[half] : (slopes[half - 1] + slopes[half]) / 2;
    return true;
}
} // namespace spout
