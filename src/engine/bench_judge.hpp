// bench_judge.hpp - what measurements mean: verdicts beside a baseline, grades, growth with the rows.
// Plain data and pure functions; docs/benchmarks-reference.md gives the bounds. Knows neither clocks nor
// tables.
#pragma once
#include <cstddef>
#include <cstdint>

#include "engine/bench_stats.hpp"

namespace spout
{
// --- verdicts
// --------------------------------------------------------------------------------------------------- The one
// notion of a verdict, for pairs and for stored runs: where an interval lies.
struct VerdictBounds {
    double improvement, low, high, regression; // rising
};
PairVerdict judge_interval(double low, double high, const VerdictBounds &);

enum class Metric : uint8_t { median_time, peak_memory, allocated_memory, net_memory, bytes };
bool metric_by_name(const char *, Metric *) noexcept;

// Fresh runs beside the runs of a baseline. `middle` and `value` are their medians. Times have an interval
// from three fresh and five stored runs on: all of the fresh ones.
struct StoredVerdict {
    double middle, value;
    double red, yellow; // ratios that are too much, and doubtful
    uint64_t above;     // fresh runs beyond yellow
    PairVerdict verdict;
};
struct Runs {
    const double *x;
    size_t n;
};
// `clean` are the fresh runs without flags, which alone make a time a regression. Throws Error(bad_value).
StoredVerdict compare_stored(Metric, Runs base, Runs fresh, Runs clean);

// --- grades
// -----------------------------------------------------------------------------------------------------
enum class Grade : uint8_t { green, yellow, red };
const char *grade_name(Grade) noexcept;

// A measured value and what a user allows it; in the order of their names.
struct Threshold {
    const char *name; // median_time, peak_memory, ...
    double value, bound;
};
struct MemoryUse {
    const char *adapter;
    double private_peak, most_private; // bytes; private_peak below zero: unknown
    int64_t net;                       // not given back
    const char *file;                  // of the heaviest site; null: unknown
    int64_t line;
};
struct Judgement {
    Grade grade;
    char message[400]; // empty: nothing is wrong
};
Judgement judge(const Threshold *, size_t n, const MemoryUse &);

// --- growth
// ----------------------------------------------------------------------------------------------------- One
// pass for memory. contexts: what memory contexts keep for good; below zero: unknown.
struct MemoryPass {
    int64_t rows, peak, contexts, private_peak;
};
// What two passes of one benchmark say that more rows do to memory; an empty message: nothing.
Judgement judge_growth(const MemoryPass &fewer, const MemoryPass &more);

// Theil-Sen: the median of the slopes between any two points; false below three points with distinct x.
bool median_slope(const double *x, const double *y, size_t n, double *slope);
} // namespace spout
