// bench_stats.cpp - summaries of one series and the Hodges-Lehmann ratio of two. Knows no PostgreSQL.
#include "engine/bench_stats.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/bench_judge.hpp"
#include "base/error.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
using Values = std::vector<double>;

[[noreturn]] void refuse(const char *message) { throw Error(Code::bad_value, message); }

void check(const double *x, size_t n, bool positive)
{
    if (n == 0) refuse("there are no values");
    for (size_t i = 0; i < n; i++)
        if (!std::isfinite(x[i]) || x[i] < 0 || (positive && x[i] == 0))
            refuse(positive ? "times must be finite and above zero"
                            : "times must be finite and not negative");
}

// Between the ranks around h = (n - 1) p, in proportion: as percentile_cont does.
double quantile(const Values &sorted, double p)
{
    double h = static_cast<double>(sorted.size() - 1) * p;
    auto low = static_cast<size_t>(h);
    if (low + 1 >= sorted.size()) return sorted.back();
    return sorted[low] + (h - static_cast<double>(low)) * (sorted[low + 1] - sorted[low]);
}

double median_of(Values v)
{
    std::sort(v.begin(), v.end());
    return quantile(v, 0.5);
}

double median_deviation(const Values &sorted, double median)
{
    Values d(sorted);
    for (double &x : d)
        x = std::fabs(x - median);
    return median_of(std::move(d));
}

// The largest l with P(Bin(n, 1/2) < l) <= 0.025.
size_t median_rank(size_t n)
{
    const auto size = static_cast<double>(n);
    double below = 0;
    for (size_t l = 0;; l++) {
        const auto i = static_cast<double>(l);
        double term = std::lgamma(size + 1) - std::lgamma(i + 1) - std::lgamma(size - i + 1) - size * M_LN2;
        below += std::exp(term);
        if (below > 0.025) return l;
    }
}

// Do the first and the last third tell different stories?
bool drifts(const double *x, size_t n)
{
    size_t third = n / 3;
    if (third < 2) return false;
    double first = median_of(Values(x, x + third)), last = median_of(Values(x + n - third, x + n));
    return std::fabs(last - first) > 0.05 * first;
}

void count_outliers(const Values &sorted, BenchSummary &s)
{
    for (double x : sorted) {
        double beyond = std::max(s.q1 - x, x - s.q3);
        if (beyond > 3 * s.iqr)
            s.severe++;
        else if (beyond > 1.5 * s.iqr)
            s.mild++;
    }
}

PairVerdict verdict_of(const BenchPairs &p, double tolerance)
{
    if (!p.interval) return PairVerdict::inconclusive;
    const double low = 1 - tolerance, high = 1 + tolerance;
    return judge_interval(p.ci_low, p.ci_high, {low, low, high, high});
}
} // namespace

const char *verdict_name(PairVerdict v) noexcept
{
    switch (v) {
    case PairVerdict::equivalent: return "equivalent";
    case PairVerdict::improvement: return "improvement";
    case PairVerdict::regression: return "regression";
    default: return "inconclusive";
    }
}

BenchSummary summarize(const double *x, size_t n)
{
    check(x, n, false);
    if (n > kMaxBenchValues) throw Error(Code::limit, "more than a million values");
    Values sorted(x, x + n);
    std::sort(sorted.begin(), sorted.end());
    BenchSummary s = {};
    s.n = n;
    s.min = sorted.front();
    s.max = sorted.back();
    // From the minimum on: equal values are their own mean, however many they are.
    long double above = 0, squares = 0;
    for (double v : sorted)
        above += static_cast<long double>(v) - s.min;
    s.mean = std::min(s.max, static_cast<double>(s.min + above / static_cast<long double>(n)));
    for (double v : sorted)
        squares += static_cast<long double>(v - s.mean) * (v - s.mean);
    s.stddev = n > 1 ? static_cast<double>(sqrtl(squares / static_cast<long double>(n - 1))) : 0;
    s.median = quantile(sorted, 0.5);
    s.q1 = quantile(sorted, 0.25);
    s.q3 = quantile(sorted, 0.75);
    s.p95 = quantile(sorted, 0.95);
    s.p99 = quantile(sorted, 0.99);
    s.iqr = s.q3 - s.q1;
    s.mad = median_deviation(sorted, s.median);
    if (n >= 6) {
        s.rank_low = median_rank(n);
        s.rank_high = n + 1 - s.rank_low;
        s.ci_low = sorted[s.rank_low - 1];
        s.ci_high = sorted[s.rank_high - 1];
    }
    count_outliers(sorted, s);
    s.variable = s.stddev > 0.1 * s.median;
    s.unstable = 1.4826 * s.mad > 0.1 * s.median;
    s.drift = drifts(x, n);
    s.few_rounds = n < 6;
    return s;
}

BenchPairs compare_pairs(const double *a, const double *b, size_t n, double tolerance)
{
    check(a, n, true);
    check(b, n, true);
    if (!(tolerance >= 0 && tolerance <= 1)) refuse("the tolerance must be within 0 and 1");
    if (n > kMaxBenchPairs) throw Error(Code::limit, "more than 2000 pairs");
    BenchPairs p = {};
    p.n = n;
    p.median_a = median_of(Values(a, a + n));
    p.median_b = median_of(Values(b, b + n));
    Values d(n), walsh;
    for (size_t i = 0; i < n; i++)
        d[i] = std::log(b[i] / a[i]);
    walsh.reserve(n * (n + 1) / 2);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++)
            walsh.push_back((d[i] + d[j]) / 2);
    std::sort(walsh.begin(), walsh.end());
    p.walsh = walsh.size();
    p.ratio = std::exp(quantile(walsh, 0.5));
    const auto m = static_cast<double>(n);
    double k = std::floor(m * (m + 1) / 4 - 1.96 * std::sqrt(m * (m + 1) * (2 * m + 1) / 24));
    p.k = k > 0 ? static_cast<uint64_t>(k) : 0;
    p.interval = n >= 6;
    if (p.interval) {
        p.ci_low = std::exp(walsh[p.k]);
        p.ci_high = std::exp(walsh[p.walsh - p.k - 1]);
    }
    p.verdict = verdict_of(p, tolerance);
    return p;
}
} // namespace spout
