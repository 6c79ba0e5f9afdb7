// bench_stats.hpp - the arithmetic of the benchmarks: one series of times, or two taken in pairs.
// Plain data and pure functions; docs/benchmarks-reference.md has the formulas. Knows neither clocks nor
// tables.
#pragma once
#include <cstddef>
#include <cstdint>

namespace spout
{
struct BenchSummary {
    size_t n;
    double min, max, mean, median, stddev; // stddev with n - 1; 0 for one value
    double q1, q3, p95, p99, iqr, mad;     // linear between ranks; mad is the plain median of |x - median|
    size_t rank_low, rank_high;            // of the median's 95 % interval, from 1; 0 below six values
    double ci_low, ci_high;                // the values at these ranks
    uint32_t mild, severe;                 // outliers beyond the quartiles by 1.5 and 3 IQR
    // What makes a series doubtful; docs/benchmarks-reference.md, "Statistics".
    bool variable, unstable, drift, few_rounds;
};

enum class PairVerdict : uint8_t { inconclusive, equivalent, improvement, regression };
const char *verdict_name(PairVerdict) noexcept;

// b against a, taken in pairs: ratios above 1 mean that b is slower.
struct BenchPairs {
    size_t n;
    uint64_t walsh, k;             // number of Walsh averages; how many the interval leaves out on each side
    double ratio, ci_low, ci_high; // interval only when `interval`
    bool interval;                 // six pairs or more
    PairVerdict verdict;
    double median_a, median_b;
};

// Every value must be finite and not negative; throws Error(bad_value). `x` keeps the order of measurement.
BenchSummary summarize(const double *x, size_t n);
// Every value must be finite and positive, tolerance within 0..1; throws Error.
BenchPairs compare_pairs(const double *a, const double *b, size_t n, double tolerance);

constexpr size_t kMaxBenchValues = 1000000; // of one series
constexpr size_t kMaxBenchPairs = 2000;     // two million Walsh averages, 16 MB
} // namespace spout
